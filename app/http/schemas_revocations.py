"""The shape of a receipt."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.domain.receipts import ReceiptState
from app.http.shapes import View

__all__ = ["ReceiptView"]


class NodeOutcomeView(View):
    """What one node did: `closed` in sum, by how they went; `closing` are mute and on their way out."""

    node_id: UUID
    name: str
    closed: int
    closing: int
    clean: int
    aborted: int
    already_gone: int
    first_closed_at: datetime | None
    last_closed_at: datetime | None
    slowest_ms: float | None


class UnconfirmedNodeView(View):
    """A node that has not said that it knows; after `lease_ends_at` it carries no frame all the same."""

    node_id: UUID
    name: str
    policy: str
    lease_ends_at: datetime | None
    is_gone: bool


class ReceiptView(View):
    """A revocation and its proof; complete and confirmed are final."""

    id: UUID = Field(validation_alias="revocation_id")
    state: ReceiptState
    is_complete: bool
    is_confirmed: bool
    kind: str
    source: str
    reason: str
    account_id: UUID | None
    org_id: UUID | None
    target_id: UUID | None
    sparing_session_id: UUID | None
    requested_by: UUID | None
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
    closed: int
    closing: int
    slowest_ms: float | None
    nodes: list[NodeOutcomeView]
    unconfirmed: list[UnconfirmedNodeView]
