"""What is written down of sockets that close: metrics, what the receipts are owed, the log. Not at once, and many together.

A close that has been written is on its way to the peer, and the answer on its way back: none of this may be before them.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from app.domain.closing import Reason
from app.domain.ids import RevocationId
from app.domain.node_report import RevocationOutcome
from app.domain.targets import Cause
from app.realtime.closes import Closes
from app.realtime.metrics import CLOSE_LATENCY, SOCKETS_CLOSED, SOCKETS_ENDED
from app.sockets.entry import Entry
from app.sockets.ladder import Outcome
from app.sockets.registry import Via
from app.sockets.tally import Tally

__all__ = ["LATER_S", "Bookkeeping"]

LATER_S = 0.005

_log = structlog.get_logger(__name__)


class Bookkeeping:
    """One a node, within its event loop; in the order in which it is told. Instants are those of the node's clock.

    `written_at` says when a cause's closure was written, or None; `on_owed` is told when the receipts are owed something.
    """

    def __init__(self, *, written_at: Callable[[Cause], float | None], on_owed: Callable[[], None]) -> None:
        self.closes = Closes()
        self._tally = Tally()
        self._written_at = written_at
        self._on_owed = on_owed
        self._notes: deque[Callable[[], bool]] = deque()
        self._is_due = False

    def shut(self, entries: Sequence[Entry], cause: Cause | None, via: Via, *, at: float) -> None:
        """These gates were shut then, by one closure if there is a cause."""
        self._note(partial(self._write_shut, entries, cause, via, at))

    def ended(
        self, reason: Reason, outcome: Outcome, revocation_id: RevocationId | None, *, at: float
    ) -> None:
        """A socket whose gate had been shut was gone then, and this is how it went."""
        self._note(partial(self._write_ended, reason, outcome, revocation_id, at))

    def take(self) -> tuple[RevocationOutcome, ...]:
        """What the receipts are owed for all that has happened up to now, which is the caller's from now on.

        So a report that says how far the log has been applied has what came of it.
        """
        self._write_down()
        return self._tally.take()

    def _note(self, note: Callable[[], bool]) -> None:
        self._notes.append(note)
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(LATER_S, self._write_down_and_tell)

    def _write_down_and_tell(self) -> None:
        self._is_due = False
        if self._write_down():
            self._on_owed()

    def _write_down(self) -> bool:
        """Whether the receipts are owed something by it."""
        is_owed = False
        while self._notes:
            note = self._notes.popleft()
            try:
                is_owed |= note()
            except Exception:  # noqa: BLE001 - a bug with one note must cost neither the others nor the report that takes them
                _log.exception("not_written_down")
        return is_owed

    def _write_shut(self, entries: Sequence[Entry], cause: Cause | None, via: Via, at: float) -> bool:
        written_at = None if cause is None else self._written_at(cause)
        latency_s = None if written_at is None else max(0.0, at - written_at)
        for reason, sockets in _by_reason(entries).items():
            SOCKETS_CLOSED.add((reason, via), sockets)
            if latency_s is not None:
                CLOSE_LATENCY.observe(latency_s, labels=(reason, via), times=sockets)
        if cause is None or cause.revocation_id is None:
            return False
        self._tally.shut(cause.revocation_id, sockets=len(entries), latency_s=latency_s)
        self.closes.shut(entries[0], cause, via, sockets=len(entries), written_at=written_at)
        return True

    def _write_ended(
        self, reason: Reason, outcome: Outcome, revocation_id: RevocationId | None, at: float
    ) -> bool:
        SOCKETS_ENDED.add((reason, outcome))
        if revocation_id is None:
            return False
        self._tally.ended(revocation_id, outcome)
        self.closes.ended(revocation_id, at=at)
        return True


def _by_reason(entries: Sequence[Entry]) -> dict[Reason, int]:
    """How many of them close for what."""
    sockets: dict[Reason, int] = {}
    for entry in entries:
        closing = entry.closing
        assert closing is not None  # their gates are shut
        sockets[closing.reason] = sockets.get(closing.reason, 0) + 1
    return sockets
