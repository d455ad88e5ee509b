"""Says, of each revocation, when its last socket on this node was gone: to the histogram, the log and the trace."""

from collections.abc import Callable
from datetime import datetime
from typing import cast

from app.clock import boot_seconds
from app.domain.closing import Closing
from app.domain.ids import RevocationId
from app.domain.targets import Cause
from app.realtime.close_lines import CloseLines
from app.realtime.metrics import LAST_CLOSE
from app.sockets.entry import Entry
from app.sockets.last_closes import LastCloses, Over
from app.sockets.registry import Via

__all__ = ["Closes"]


class Closes:
    """`database_time` gives the database's clock for an instant of ours; `on_over` is told of each that is over, and when."""

    def __init__(self, *, database_time: Callable[[float], datetime | None]) -> None:
        self._database_time = database_time
        self._going = LastCloses()
        self._lines = CloseLines(clock=boot_seconds)
        self.on_over: Callable[[Over, datetime | None], None] | None = None

    def shut(self, entry: Entry, cause: Cause, via: Via, *, sockets: int) -> None:
        """So many gates have been shut for the cause; the entry is one of them."""
        if cause.revocation_id is not None:
            self._going.shut(
                cause.revocation_id,
                sockets=sockets,
                reason=cast("Closing", entry.closing).reason.value,
                via=via.value,
                written_at=cause.committed_after,
            )

    def ended(self, revocation_id: RevocationId) -> None:
        """One of its sockets is gone."""
        over = self._going.ended(revocation_id)
        if over is None:
            return
        ended_at = self._database_time(boot_seconds())
        took_s = _seconds_between(over.written_at, ended_at)
        if took_s is not None:
            LAST_CLOSE.observe(took_s)
        self._lines.say(over, took_s)
        if self.on_over is not None:
            self.on_over(over, ended_at)

    def __len__(self) -> int:
        return len(self._going)


def _seconds_between(written_at: datetime | None, ended_at: datetime | None) -> float | None:
    if written_at is None or ended_at is None:
        return None
    return max(0.0, (ended_at - written_at).total_seconds())
