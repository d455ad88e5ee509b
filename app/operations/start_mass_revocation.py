"""A planned mass revocation begins, if what it was planned for is what would end."""

from dataclasses import dataclass

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.lock_waits import bound_statements
from app.data.mass_matches import Aim, count_matches
from app.data.mass_revocations import record_started
from app.data.revocation_requests import find_by_idempotency_key, insert_request
from app.domain.closing import Reason
from app.domain.errors import GrownSincePlan
from app.domain.ids import MassRevocationId
from app.domain.mass_revocations import MassLease, MassRevocation, MassStep, has_grown
from app.domain.operator import Requester
from app.domain.revocation_request import Idempotency, RevocationKind, RevocationRequest
from app.operations.mass_steps import lock_for_step, read_again, record_step
from app.operations.plan_mass_revocation import COUNT_WITHIN

__all__ = ["BegunMassRevocation", "start_mass_revocation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunMassRevocation:
    """The job, and the lease with which a worker may go on; None where it was begun before and needs nobody now."""

    job: MassRevocation
    lease: MassLease | None


def start_mass_revocation(
    db: Connection,
    *,
    by: Requester,
    mass_revocation_id: MassRevocationId,
    accepted: int | None = None,
    idempotency: Idempotency | None = None,
) -> BegunMassRevocation:
    """The job runs, under one revocation, on what is issued up to this instant; started before, it is as it is.

    `accepted` is how many credentials the caller has been told of since the plan.

    Raises: GrownSincePlan where many more would end than they were told; Conflict for a job that was cancelled, and
    for an idempotency key that came with another request; Forbidden; NotFound.
    """
    job, is_new = lock_for_step(db, by, mass_revocation_id, MassStep.START)
    find_by_idempotency_key(db, by.account_id, idempotency)
    if not is_new:
        return BegunMassRevocation(job=job, lease=None)
    expected = _count_now(db, job)
    told = max(job.planned.credentials, accepted or 0)
    if has_grown(told=told, now=expected):
        raise GrownSincePlan(rule="grown_since_plan", planned=job.planned.credentials, now=expected)
    requested = insert_request(db, _request(by, job, idempotency))
    lease = MassLease(mass_revocation_id=mass_revocation_id, lease=uuid7())
    record_started(db, lease, revocation_id=requested.revocation_id, expected=expected)
    record_step(db, by, job, "start", metadata={"revocation_id": str(requested.revocation_id)})
    return BegunMassRevocation(job=read_again(db, by, mass_revocation_id), lease=lease)


def _count_now(db: Connection, job: MassRevocation) -> int:
    bound_statements(db, COUNT_WITHIN)
    aim = Aim(
        criteria=job.criteria,
        what=job.what,
        sparing_session_id=job.sparing_session_id,
        sparing_token_id=job.sparing_token_id,
    )
    return count_matches(db, aim).credentials


def _request(by: Requester, job: MassRevocation, idempotency: Idempotency | None) -> RevocationRequest:
    return RevocationRequest(
        kind=RevocationKind.MASS_REVOCATION,
        reason=Reason.REVOKED,
        target_id=job.mass_revocation_id,
        account_id=None,
        org_id=job.org_id,
        sparing_session_id=job.sparing_session_id,
        requested_by=by.account_id,
        requested_from=by.address,
        credential_type=by.credential_type,
        idempotency=idempotency,
    )
