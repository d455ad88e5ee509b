"""Applies a close request's closures to whoever holds sockets, each by the method of its kind."""

from collections.abc import Iterable
from typing import assert_never

import structlog
from msgspec import Struct

from app.domain.connection_closer import ConnectionCloser
from app.domain.radius import in_order
from app.domain.targets import Action, Closure, TargetKind

__all__ = ["Outcome", "close_now"]

_log = structlog.get_logger(__name__)


class Outcome(Struct, frozen=True):
    """How many sockets closed now, how many closures raised, and how many take effect only when the log is read."""

    closed: int
    failures: int
    left_to_the_log: int


def close_now(closures: Iterable[Closure], closer: ConnectionCloser) -> Outcome:
    """Everything that may be closed without a read is closed, "revoked" before "reconnect".

    Rechecks need a read of the database, which the tail does; so do grants, which end by the sessions under
    them. A closer that raises for one closure does not spare the others; all of that is logged once.
    """
    closed = left_to_the_log = 0
    errors: list[Exception] = []
    for closure in in_order(closures):
        if closure.action is Action.RECHECK or closure.target.kind in _BY_THE_LOG_ALONE:
            left_to_the_log += 1
            continue
        try:
            closed += _close(closure, closer)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next closure's sockets must close
            errors.append(error)
    if errors:
        _log.error("close_failed", failures=len(errors), exc_info=errors[0])
    return Outcome(closed, len(errors), left_to_the_log)


def _close(closure: Closure, closer: ConnectionCloser) -> int:
    key, cause = closure.target.key, closure.cause
    match closure.target.kind:
        case TargetKind.SESSION:
            return closer.close_sockets_for_session(key, cause=cause)
        case TargetKind.TOKEN:
            return closer.close_sockets_for_token(key, cause=cause)
        case TargetKind.ACCOUNT:
            return closer.close_sockets_for_account(key, cause=cause)
        case TargetKind.GRANT | TargetKind.TABLE:
            return 0
        case _:
            assert_never(closure.target.kind)


_BY_THE_LOG_ALONE = frozenset({TargetKind.GRANT, TargetKind.TABLE})
