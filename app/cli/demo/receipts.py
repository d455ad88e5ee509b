"""The receipt that belongs to an act, when it says that every node has confirmed, or when that takes too long."""

import asyncio

from app.cli.demo.outcome import ReceiptSeen
from app.cli.demo.stage import Act, Stage
from app.clock import boot_seconds

__all__ = ["receipt_of"]

FOUND_WITHIN_S = 15.0
LOOK_EVERY_S = 0.25
WAIT_S = 10
FIND = """
SELECT id FROM revocation WHERE source = %(source)s AND (target_id = %(target_id)s OR account_id = %(target_id)s)
ORDER BY requested_at DESC LIMIT 1
"""


async def receipt_of(stage: Stage, act: Act) -> ReceiptSeen | None:
    """What a Global Admin is shown; None if there is no receipt."""
    receipt_id = act.receipt_id or await _find(stage, act)
    if receipt_id is None:
        return None
    api = stage.global_admin.api
    answer = await asyncio.to_thread(api.call, "GET", f"revocations/{receipt_id}", None, prefer_wait_s=WAIT_S)
    receipt = answer.body
    return ReceiptSeen(
        receipt_id=receipt_id, state=receipt["state"], closed=receipt["closed"], nodes=len(receipt["nodes"])
    )


async def _find(stage: Stage, act: Act) -> str | None:
    """What ended by SQL or by the clock has a receipt too; the latter when a sweep has recorded it."""
    deadline = boot_seconds() + FOUND_WITHIN_S
    while boot_seconds() < deadline:
        row = await stage.row(FIND, source=act.source, target_id=act.target_id)
        if row is not None:
            return str(row[0])
        await asyncio.sleep(LOOK_EVERY_S)
    return None
