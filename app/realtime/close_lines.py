"""The log lines on revocations that are over on this node: one each, and in a storm one for many.

Rendering a line costs as much as closing a socket. A revocation's id is in the log either way.
"""

import asyncio
from collections.abc import Callable

import structlog

from app.sockets.last_closes import Over

__all__ = ["LINES_A_SECOND", "TOGETHER", "CloseLines"]

LINES_A_SECOND = 20
TOGETHER = 100
TOGETHER_WITHIN_S = 0.5

_log = structlog.get_logger(__name__)


class CloseLines:
    """Within a running event loop."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._second_began_at = clock()
        self._said = 0
        self._unsaid: list[tuple[Over, float | None]] = []

    def say(self, over: Over, took_s: float | None) -> None:
        """It is in the log, or will be half a second from now."""
        now = self._clock()
        if now - self._second_began_at >= 1:
            self._second_began_at, self._said = now, 0
        if self._said < LINES_A_SECOND:
            self._said += 1
            _say_one(over, took_s)
            return
        if not self._unsaid:
            asyncio.get_running_loop().call_later(TOGETHER_WITHIN_S, self._say_the_rest)
        self._unsaid.append((over, took_s))
        if len(self._unsaid) >= TOGETHER:
            self._say_the_rest()

    def _say_the_rest(self) -> None:
        unsaid, self._unsaid = self._unsaid, []
        if not unsaid:
            return
        took = [took_s for _, took_s in unsaid if took_s is not None]
        _log.info(
            "revocations_closed_here",
            revocations=len(unsaid),
            sockets=sum(over.sockets for over, _ in unsaid),
            slowest_ms=_ms(max(took, default=None)),
            revocation_ids=" ".join(str(over.revocation_id) for over, _ in unsaid),
        )


def _say_one(over: Over, took_s: float | None) -> None:
    _log.info(
        "revocation_closed_here",
        revocation_id=str(over.revocation_id),
        reason=over.reason,
        via=over.via,
        sockets=over.sockets,
        took_ms=_ms(took_s),
    )


def _ms(took_s: float | None) -> float | None:
    return None if took_s is None else round(took_s * 1000, 1)
