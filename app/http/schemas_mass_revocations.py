"""The shapes of mass revocations: what is asked for, and the job with its progress."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StringConstraints

from app.domain.mass_criteria import MassCriteria, MassRole, MassWhat
from app.domain.mass_revocations import DEFAULT_PACE, MAXIMUM_PACE, MassState
from app.http.shapes import Body, Instant, Line, View
from app.operations.plan_mass_revocation import MassAsk

__all__ = ["MassRevocationBody", "MassRevocationView", "StartMassRevocationBody"]

Org = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Reason = Annotated[Line, Field(max_length=500)]


class MassRevocationBody(Body):
    """Whom it aims at: every criterion narrows, at least one is needed, and everyone has to be said.

    `org` is an id or a slug; `network` an address or a range; `device` a part of the device's name or user agent;
    `pace` in credentials a second. `with_own`: the credential that asks ends too.
    """

    what: MassWhat
    reason: Reason
    everyone: StrictBool = False
    org: Org | None = None
    role: MassRole | None = None
    issued_before: Instant | None = None
    network: Annotated[Line, Field(max_length=64)] | None = None
    device: Annotated[Line, Field(max_length=100)] | None = None
    pace: Annotated[StrictInt, Field(ge=1, le=MAXIMUM_PACE)] = DEFAULT_PACE
    with_own: StrictBool = False

    def ask(self) -> MassAsk:
        """As the operation takes it."""
        return MassAsk(**{name: getattr(self, name) for name in type(self).model_fields})


class StartMassRevocationBody(Body):
    """How many credentials the caller has been told of, if that is more than the plan says (409 told them)."""

    accepted: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] | None = None


class MassCountView(View):
    """What matched when it was counted; sockets as far as the nodes had reported them."""

    accounts: int
    sessions: int
    tokens: int
    sockets: int
    nodes: int


def _as_json(criteria: object) -> object:
    return criteria.as_json() if isinstance(criteria, MassCriteria) else criteria


class MassRevocationView(View):
    """A mass revocation: its plan, and how far it is. `revocation_id` is that of its one receipt."""

    id: UUID = Field(validation_alias="mass_revocation_id")
    state: MassState
    criteria: Annotated[dict[str, Any], BeforeValidator(_as_json)]
    what: MassWhat
    org_id: UUID | None
    reason: str
    pace: int
    requested_by: UUID | None
    requested_from: str
    sparing_session_id: UUID | None
    sparing_token_id: UUID | None
    planned_at: datetime
    planned: MassCountView
    started_at: datetime | None
    expected: int
    issued_up_to: datetime | None
    revocation_id: UUID | None
    finished_at: datetime | None
    ended: int
    sessions_ended: int
    tokens_ended: int
    stragglers_ended: int
    left_behind: int
    percent: int
