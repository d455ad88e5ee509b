"""Of each revocation, the sockets that are still on their way out: when the last is gone, it is over on this node."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.ids import RevocationId

__all__ = ["LastCloses", "Over"]


@dataclass(slots=True)
class _Going:
    reason: str
    via: str
    sockets: int = 0
    left: int = 0
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A revocation whose last socket on this node is gone. `written_at`: its first closure, by the database's clock."""

    revocation_id: RevocationId
    reason: str
    via: str
    sockets: int
    written_at: datetime | None


class LastCloses:
    """What is going. A revocation whose closures come in several lots may be over more than once."""

    def __init__(self) -> None:
        self._going: dict[RevocationId, _Going] = {}

    def shut(
        self, revocation_id: RevocationId, *, sockets: int, reason: str, via: str, written_at: datetime | None
    ) -> None:
        """That many more sockets are on their way out because of it."""
        going = self._going.setdefault(revocation_id, _Going(reason, via))
        going.sockets += sockets
        going.left += sockets
        if written_at is not None:
            going.written_at = written_at if going.written_at is None else min(going.written_at, written_at)

    def ended(self, revocation_id: RevocationId) -> Over | None:
        """One of them is gone; what is over, if it was the last."""
        going = self._going.get(revocation_id)
        if going is None:
            return None
        going.left -= 1
        if going.left > 0:
            return None
        del self._going[revocation_id]
        return Over(
            revocation_id=revocation_id,
            reason=going.reason,
            via=going.via,
            sockets=going.sockets,
            written_at=going.written_at,
        )

    def __len__(self) -> int:
        return len(self._going)
