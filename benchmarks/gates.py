"""One account's sockets in a node's own parts, without their transports: `python -m benchmarks.gates COUNT`.

How long it takes from a decoded close request until every gate is shut and queued: one synchronous step, in
which the node does nothing else. Prints one JSON object; the median of several accounts.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Iterator

from uuid_utils.compat import uuid7

from app.clock import boot_seconds, wall_clock
from app.config import load_settings
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ConnectionId, RevocationId, TokenHash, TransactionId
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.fanout.close_now import close_now
from app.realtime.holder import Holder
from app.sockets.entry import Entry
from benchmarks.figures import MS

__all__ = ["main"]

ACCOUNTS = 7
NOWHERE = "unix:///nowhere"
"""Nothing is connected to."""


def main(count: int) -> dict[str, float]:
    """In milliseconds: by the clock, and by this thread's CPU, which a busy machine does not stretch."""
    return asyncio.run(_measured(count))


async def _measured(count: int) -> dict[str, float]:
    settings = load_settings(database_url=NOWHERE, redis_url=NOWHERE)
    holder = Holder(settings, node_name="bench", on_owed=lambda: None)
    holder.own_time = lambda shown: boot_seconds() - (wall_clock() - shown).total_seconds()
    shut = [_shut(holder, AccountId(uuid7()), count) for _ in range(ACCOUNTS)]
    return {
        "gates_ms": statistics.median(wall_ms for wall_ms, _ in shut),
        "gates_cpu_ms": statistics.median(cpu_ms for _, cpu_ms in shut),
    }


def _shut(holder: Holder, account_id: AccountId, count: int) -> tuple[float, float]:
    entries = list(_admitted(holder, account_id, count))
    cause = Cause(
        reason=Reason.ALL_SESSIONS_REVOKED,
        invalidates=frozenset({CredentialType.SESSION}),
        transaction=TransactionId(1),
        revocation_id=RevocationId(uuid7()),
        committed_after=wall_clock(),
    )
    closure = Closure(action=Action.CLOSE, target=Target(TargetKind.ACCOUNT, str(account_id)), cause=cause)
    began_at, cpu_before = boot_seconds(), time.thread_time()
    outcome = close_now([closure], holder.registry)
    took = (boot_seconds() - began_at) * MS, (time.thread_time() - cpu_before) * MS
    assert outcome.closed == count
    assert all(entry.closing is not None for entry in entries)
    return took


def _admitted(holder: Holder, account_id: AccountId, count: int) -> Iterator[Entry]:
    for _ in range(count):
        entry = Entry(
            connection_id=ConnectionId(uuid7()),
            credential_type=CredentialType.SESSION,
            token_hash=TokenHash(uuid7().hex * 2),
            account_id=account_id,
        )
        holder.registry.attach(entry, now=boot_seconds())
        holder.registry.admit(entry)
        yield entry


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
