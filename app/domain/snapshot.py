"""PostgreSQL's snapshots as values: which transactions had been committed (or aborted) when a statement looked."""

from dataclasses import dataclass
from typing import Self

from app.domain.ids import TransactionId

__all__ = ["Snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A `pg_snapshot`: all below `xmin` are over, all from `xmax` on had not begun, `in_progress` lie between.

    Means nothing in another cluster or on another timeline: whoever stores one keeps the system identifier
    and the timeline beside it.
    """

    xmin: int
    xmax: int
    in_progress: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The snapshot that PostgreSQL prints as `xmin:xmax:xip,xip,…`. Raises: ValueError for anything else."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), frozenset(int(xid) for xid in running.split(",") if xid))

    def sees(self, transaction: TransactionId) -> bool:
        """Whether that transaction was over; what it had committed was then visible."""
        if transaction < self.xmin:
            return True
        return transaction < self.xmax and transaction not in self.in_progress

    def is_before(self, other: "Snapshot") -> bool:
        """Whether `other` was taken later: snapshots of one server are in order, since commits are."""
        if self.xmax != other.xmax:
            return self.xmax < other.xmax
        return self.in_progress > other.in_progress

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(str(xid) for xid in sorted(self.in_progress))}"
