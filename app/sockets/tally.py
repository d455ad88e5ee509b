"""What this node owes the receipts, as increments."""

from dataclasses import dataclass

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
    slowest_s: float | None = None

    def saw(self, latency_s: float | None) -> None:
        if latency_s is not None and (self.slowest_s is None or latency_s > self.slowest_s):
            self.slowest_s = latency_s


class Tally:
    """Sockets shut and ended since the last report, by revocation."""

    def __init__(self) -> None:
        self._counts: dict[RevocationId, _Count] = {}

    def shut(self, revocation_id: RevocationId, *, sockets: int, latency_s: float | None) -> None:
        """That many gates have been shut for the revocation, the slowest that long after the closure was written."""
        count = self._count_of(revocation_id)
        count.closing += sockets
        count.saw(latency_s)

    def ended(self, revocation_id: RevocationId, outcome: Outcome) -> None:
        """One of them is gone, and this is how it went."""
        count = self._count_of(revocation_id)
        count.closing -= 1
        if outcome is Outcome.CLEAN:
            count.clean += 1
        elif outcome is Outcome.ABORTED:
            count.aborted += 1
        else:
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
                slowest_s=count.slowest_s,
            )
            for revocation_id, count in counts.items()
        )

    def _count_of(self, revocation_id: RevocationId) -> _Count:
        count = self._counts.get(revocation_id)
        if count is None:
            count = self._counts[revocation_id] = _Count()
        return count
