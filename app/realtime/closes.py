"""Says, of each revocation, when its last socket on this node was gone: to the histogram, the log and the trace."""

from collections.abc import Callable

from app.clock import boot_seconds
from app.domain.ids import RevocationId
from app.domain.targets import Cause
from app.realtime.close_lines import CloseLines
from app.realtime.metrics import LAST_CLOSE
from app.sockets.entry import Entry
from app.sockets.last_closes import LastCloses, Over
from app.sockets.registry import Via

__all__ = ["Closes"]


class Closes:
    """`on_over` is told of each that is over, and when. Instants are those of the node's clock."""

    def __init__(self) -> None:
        self._going = LastCloses()
        self._lines = CloseLines(clock=boot_seconds)
        self.on_over: Callable[[Over, float], None] | None = None

    def shut(self, entry: Entry, cause: Cause, via: Via, *, sockets: int, written_at: float | None) -> None:
        """So many gates have been shut for the cause, which was written then; the entry is one of them."""
        if cause.revocation_id is not None and entry.closing is not None:
            self._going.shut(
                cause.revocation_id,
                sockets=sockets,
                reason=entry.closing.reason,
                via=via,
                written_at=written_at,
            )

    def ended(self, revocation_id: RevocationId, *, at: float) -> None:
        """One of its sockets was gone then."""
        over = self._going.ended(revocation_id)
        if over is None:
            return
        took_s = None if over.written_at is None else max(0.0, at - over.written_at)
        if took_s is not None:
            LAST_CLOSE.observe(took_s)
        self._lines.say(over, took_s)
        if self.on_over is not None:
            self.on_over(over, at)

    def __len__(self) -> int:
        return len(self._going)
