"""Asks for closes: `python -m benchmarks.senders cutoff|subscriber|socketio`. Settings come from the environment.

`cutoff-recorded`: the revocation's id is the account's, so that its row can be there before; `cutoff-unrecorded`: none.
"""

import itertools
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

import psycopg
from redis import Redis
from uuid_utils.compat import uuid7

from app.clock import wall_clock
from app.config import load_settings
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import RevocationId, TransactionId
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.fanout.publisher import Publisher
from benchmarks.sending import serve

REMOTE_DISCONNECT = 4
_transactions = itertools.count(2**40)
"""Later than whatever a socket's own read has seen, so that every message closes; each revocation has its own."""


def cutoff(revocation_of: Callable[[str], RevocationId | None]) -> Callable[[Sequence[str]], None]:
    """Our own publisher, with what a worker says after its commit: accounts' closures, each of its own revocation."""
    settings = load_settings()
    publisher = Publisher(settings)
    with psycopg.connect(settings.database_url) as connection:
        row = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    assert row
    system_identifier = str(row[0])

    def close(account_ids: Sequence[str]) -> None:
        if not publisher.publish(
            [_closure(each, revocation_of(each)) for each in account_ids], system_identifier=system_identifier
        ):
            raise ConnectionError("Redis did not take it")

    return close


def subscriber() -> Callable[[Sequence[str]], None]:
    """As one would write it by hand: a small JSON object, no signature."""
    return _publishing("bench:close", lambda key: json.dumps({"account": key, "code": 4001}))


def socketio() -> Callable[[Sequence[str]], None]:
    """What `@socket.io/redis-emitter` sends for `io.in(room).disconnectSockets(true)`."""
    return _publishing("socket.io-request#/#", _disconnect)


def _publishing(channel: str, message: Callable[[str], str]) -> Callable[[Sequence[str]], None]:
    redis = Redis.from_url(os.environ["REDIS_URL"])

    def close(keys: Sequence[str]) -> None:
        with redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.publish(channel, message(key))
            pipeline.execute()

    return close


def _disconnect(key: str) -> str:
    options = {"rooms": [key], "except": []}
    return json.dumps({"uid": "bench", "type": REMOTE_DISCONNECT, "opts": options, "close": True})


def _closure(account_id: str, revocation_id: RevocationId | None) -> Closure:
    cause = Cause(
        reason=Reason.ALL_SESSIONS_REVOKED,
        invalidates=frozenset({CredentialType.SESSION}),
        transaction=TransactionId(next(_transactions)),
        revocation_id=revocation_id,
        committed_after=wall_clock(),
    )
    return Closure(action=Action.CLOSE, target=Target(TargetKind.ACCOUNT, account_id), cause=cause)


_KINDS: dict[str, Callable[[], Callable[[Sequence[str]], None]]] = {
    "cutoff": partial(cutoff, lambda _: RevocationId(uuid7())),
    "cutoff-recorded": partial(cutoff, lambda account_id: RevocationId(UUID(account_id))),
    "cutoff-unrecorded": partial(cutoff, lambda _: None),
    "subscriber": subscriber,
    "socketio": socketio,
}

if __name__ == "__main__":
    serve(_KINDS[sys.argv[1]]())
