"""Of each revocation, the sockets that are still on their way out: when the last is gone, it is over on this node."""

from dataclasses import dataclass

from app.domain.ids import RevocationId

__all__ = ["LastCloses", "Over"]


@dataclass(slots=True, kw_only=True)
class Over:
    """A revocation whose last socket on this node is gone. `written_at`: its first closure, on the node's clock."""

    revocation_id: RevocationId
    reason: str
    via: str
    sockets: int = 0
    written_at: float | None = None
    left: int = 0
    """How many are still on their way out: none, to whoever is told of it."""


class LastCloses:
    """What is going. A revocation whose closures come in several lots may be over more than once."""

    def __init__(self) -> None:
        self._going: dict[RevocationId, Over] = {}

    def shut(
        self, revocation_id: RevocationId, *, sockets: int, reason: str, via: str, written_at: float | None
    ) -> None:
        """That many more sockets are on their way out because of it."""
        going = self._going.get(revocation_id)
        if going is None:
            going = self._going[revocation_id] = Over(revocation_id=revocation_id, reason=reason, via=via)
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
        return going

    def __len__(self) -> int:
        return len(self._going)
