"""Decides from what the nodes reported which receipts are confirmed, and which complete."""

from sqlalchemy import Connection

from app.data.receipts import settle
from app.domain.ids import RevocationId

__all__ = ["settle_receipts"]

BATCH = 1_000


def settle_receipts(db: Connection, revocation_id: RevocationId | None = None) -> int:
    """That receipt, or a batch of those that are not complete, says what can be said now; how many changed.

    Waits for no lock: a receipt that another settler has is left to it.
    """
    return settle(db, revocation_id=revocation_id, limit=BATCH)
