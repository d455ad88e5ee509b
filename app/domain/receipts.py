"""What a receipt says: what was ended, how far that is, and what each node did about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from app.domain.ids import AccountId, NodeId, OrgId, RevocationId, SessionId

__all__ = ["NodeOutcome", "Receipt", "ReceiptState", "UnconfirmedNode"]


class ReceiptState(StrEnum):
    """How far a revocation is. The last two are both final; `complete` alone means that some node was not heard of."""

    REQUESTED = "requested"
    """Durable, and nobody has performed it yet."""
    PERFORMED = "performed"
    """The credentials have ended; nodes may still be at it."""
    COMPLETE = "complete"
    """No node carries a frame for it any more, but those listed as unconfirmed have not said so themselves."""
    CONFIRMED = "confirmed"
    """Complete, and every node has said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOutcome:
    """What one node did. `closing` sockets are mute already and on their way out; the rest are gone.

    `slowest_ms` is the longest time from the closure's row to a shut gate; None where none was measured.
    """

    node_id: NodeId
    name: str
    closing: int
    clean: int
    aborted: int
    already_gone: int
    first_closed_at: datetime | None
    last_closed_at: datetime | None
    slowest_ms: float | None

    @property
    def closed(self) -> int:
        """How many sockets closed, whichever way they went."""
        return self.clean + self.aborted + self.already_gone


@dataclass(frozen=True, slots=True, kw_only=True)
class UnconfirmedNode:
    """A node that has not said that it knows; how many sockets it closed is unknown.

    After `lease_ends_at` it carries no frame for this revocation; None under `serve`, where no lease stops it.
    `is_gone`: its row is no more (it was pruned, or an operator forgot it), and nobody waits for it.
    """

    node_id: NodeId
    name: str
    policy: str
    lease_ends_at: datetime | None
    is_gone: bool

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """An entry of the column `revocation.unconfirmed`."""
        ends_at = entry["lease_ends_at"]
        return cls(
            node_id=NodeId(UUID(entry["node_id"])),
            name=entry["name"],
            policy=entry["policy"],
            lease_ends_at=None if ends_at is None else datetime.fromisoformat(ends_at),
            is_gone=entry["is_gone"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A revocation, and the proof of what became of it. `source` names the path: request, direct (SQL) or expiry.

    `kind` and `reason` are words: of `revocation.kind`, and of `Reason` (or of a newer version).
    """

    revocation_id: RevocationId
    kind: str
    source: str
    reason: str
    account_id: AccountId | None
    org_id: OrgId | None
    target_id: UUID | None
    sparing_session_id: SessionId | None
    requested_by: AccountId | None
    requested_from: str
    credential_type: str | None
    requested_at: datetime
    performed_at: datetime | None
    published_at: datetime | None
    audited_at: datetime | None
    first_seen_at: datetime | None
    confirmed_at: datetime | None
    completed_at: datetime | None
    sessions_ended: int
    tokens_ended: int
    grants_ended: int
    nodes: tuple[NodeOutcome, ...]
    unconfirmed: tuple[UnconfirmedNode, ...]

    @property
    def state(self) -> ReceiptState:
        """How far it is."""
        if self.confirmed_at is not None:
            return ReceiptState.CONFIRMED
        if self.completed_at is not None:
            return ReceiptState.COMPLETE
        return ReceiptState.REQUESTED if self.performed_at is None else ReceiptState.PERFORMED

    @property
    def is_complete(self) -> bool:
        """Whether no socket that it covers carries a frame any more; then it stays so."""
        return self.completed_at is not None

    @property
    def is_confirmed(self) -> bool:
        """Whether every node has said so itself."""
        return self.confirmed_at is not None

    @property
    def closed(self) -> int:
        """Sockets closed on all nodes that reported; those of unconfirmed nodes are not among them."""
        return sum(node.closed for node in self.nodes)

    @property
    def closing(self) -> int:
        """Sockets that are mute and on their way out."""
        return sum(node.closing for node in self.nodes)

    @property
    def slowest_ms(self) -> float | None:
        """The longest time from a closure's row to a shut gate on any node; None where none was measured."""
        return max((node.slowest_ms for node in self.nodes if node.slowest_ms is not None), default=None)
