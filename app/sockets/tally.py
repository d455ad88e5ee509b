"""What this node owes the receipts, as increments."""

from dataclasses import dataclass
from datetime import timedelta

from app.domain.ids import RevocationId
from app.domain.node_report import RevocationOutcome
from app.sockets.ladder import Outcome

__all__ = ["Tally"]


@dataclass(slots=True)
class _Count:
    closing: int = 0
    clean: int = 0
    aborted: int = 0
    already_gone: int = 0
    slowest: timedelta | None = None

    def saw(self, latency: timedelta | None) -> None:
        if latency is not None and (self.slowest is None or latency > self.slowest):
            self.slowest = latency


class Tally:
    """Sockets shut and ended since the last report, by revocation."""

    def __init__(self) -> None:
        self._counts: dict[RevocationId, _Count] = {}

    def shut(self, revocation_id: RevocationId, *, sockets: int, latency: timedelta | None) -> None:
        """That many gates have been shut for the revocation, the slowest that long after the closure was written."""
        count = self._counts.setdefault(revocation_id, _Count())
        count.closing += sockets
        count.saw(latency)

    def ended(self, revocation_id: RevocationId, outcome: Outcome) -> None:
        """One of them is gone, and this is how it went."""
        count = self._counts.setdefault(revocation_id, _Count())
        count.closing -= 1
        match outcome:
            case Outcome.CLEAN:
                count.clean += 1
            case Outcome.ABORTED:
                count.aborted += 1
            case Outcome.ALREADY_GONE:
                count.already_gone += 1

    def take(self) -> tuple[RevocationOutcome, ...]:
        """The increments, which are now the caller's."""
        counts, self._counts = self._counts, {}
        return tuple(
            RevocationOutcome(
                revocation_id=revocation_id,
                closing=count.closing,
                clean=count.clean,
                aborted=count.aborted,
                already_gone=count.already_gone,
                slowest=count.slowest,
            )
            for revocation_id, count in counts.items()
        )

    def __len__(self) -> int:
        return len(self._counts)
