"""An admin or an operator plans a mass revocation: it is counted and kept, and nothing ends."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.data.lock_waits import bound_statements
from app.data.mass_matches import Aim, count_matches
from app.data.mass_revocations import NewMassRevocation, find_planned_by_key, insert_mass_revocation
from app.data.mass_scope import find_aimed_organization
from app.domain.errors import Conflict, Invalid
from app.domain.ids import MassRevocationId
from app.domain.mass_criteria import MassCriteria, MassRole, MassWhat, check_what
from app.domain.mass_revocations import DEFAULT_PACE, MassRevocation, check_pace
from app.domain.operator import Requester
from app.domain.revocation_request import Idempotency
from app.operations.mass_steps import read_again, record_step

__all__ = ["COUNT_WITHIN", "MassAsk", "plan_mass_revocation"]

COUNT_WITHIN = timedelta(seconds=15)
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class MassAsk:
    """What somebody asks for; `org` is an id or a slug. `with_own`: the credential that asks ends too, if it matches."""

    what: MassWhat
    reason: str
    everyone: bool = False
    org: str | None = None
    role: MassRole | None = None
    issued_before: datetime | None = None
    network: str | None = None
    device: str | None = None
    pace: int = DEFAULT_PACE
    with_own: bool = False


def plan_mass_revocation(
    db: Connection, *, by: Requester, ask: MassAsk, idempotency: Idempotency | None = None
) -> MassRevocation:
    """The plan, with what would end now; starting it takes its id. The same idempotency key again finds it again.

    Raises: Forbidden, also for criteria that reach beyond an organization's admin's own; NotFound for an unknown or
    foreign organization; Invalid for criteria that say nothing or cannot match; Conflict for a key that came with
    another request; Unavailable if counting takes longer than `COUNT_WITHIN`.
    """
    organization = find_aimed_organization(db, by, ask.org)
    earlier = find_planned_by_key(db, by.account_id, idempotency)
    if earlier is not None:
        return read_again(db, by, earlier)
    criteria = MassCriteria(
        everyone=ask.everyone,
        org_id=None if organization is None else organization.org_id,
        role=ask.role,
        issued_before=ask.issued_before,
        network=ask.network,
        device=ask.device,
    )
    planned = _insert(db, replace(_counted(db, by, ask, criteria), idempotency=idempotency))
    job = read_again(db, by, planned)
    counts = {"sessions": job.planned.sessions, "tokens": job.planned.tokens}
    record_step(db, by, job, "plan", metadata={"criteria": criteria.as_json(), "what": ask.what, **counts})
    return job


def _counted(db: Connection, by: Requester, ask: MassAsk, criteria: MassCriteria) -> NewMassRevocation:
    check_what(ask.what, criteria)
    check_pace(ask.pace)
    reason = _checked_reason(ask.reason)
    spared_session, spared_token = (None, None) if ask.with_own else (by.session_id, by.api_token_id)
    aim = Aim(
        criteria=criteria,
        what=ask.what,
        sparing_session_id=spared_session,
        sparing_token_id=spared_token,
    )
    bound_statements(db, COUNT_WITHIN)
    return NewMassRevocation(
        criteria=criteria,
        what=ask.what,
        reason=reason,
        pace=ask.pace,
        planned=count_matches(db, aim),
        requested_by=by.account_id,
        requested_from=by.address,
        credential_type=by.credential_type,
        sparing_session_id=spared_session,
        sparing_token_id=spared_token,
        idempotency=None,
    )


def _insert(db: Connection, new: NewMassRevocation) -> MassRevocationId:
    """The plan's id, or that of the one which came at the same moment under the same key."""
    planned = insert_mass_revocation(db, new) or find_planned_by_key(db, new.requested_by, new.idempotency)
    if planned is None:
        raise Conflict("idempotency_key_reused")
    return planned


def _checked_reason(reason: str) -> str:
    reason = reason.strip().replace("\0", "")
    if not reason:
        raise Invalid("reason", "empty")
    if len(reason) > LONGEST_REASON:
        raise Invalid("reason", f"longer_than_{LONGEST_REASON}_characters")
    return reason
