"""What every step of a mass revocation has in common: the lock, the rule, the event."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.mass_revocations import find_mass_revocation, lock_mass_revocation
from app.data.mass_scope import require_mass_revoker
from app.domain.errors import NotFound
from app.domain.ids import MassRevocationId
from app.domain.mass_revocations import MassRevocation, MassStep, step_from
from app.domain.operator import Requester

__all__ = ["lock_for_step", "read_again", "record_step"]


def lock_for_step(
    db: Connection, by: Requester, mass_revocation_id: MassRevocationId, step: MassStep
) -> tuple[MassRevocation, bool]:
    """The locked job, and whether the step is still to be taken; waits for the batch that runs.

    Raises: Forbidden; NotFound for an unknown job and one out of scope; Conflict where the step makes no sense.
    """
    require_mass_revoker(db, by)
    job = lock_mass_revocation(db, mass_revocation_id, by=by)
    if job is None:
        raise NotFound("mass_revocation")
    return job, step_from(job.state, step) is not None


def read_again(db: Connection, by: Requester, mass_revocation_id: MassRevocationId) -> MassRevocation:
    """The job after the step, as it stands in this transaction. Raises: NotFound."""
    job = find_mass_revocation(db, mass_revocation_id, by=by)
    if job is None:
        raise NotFound("mass_revocation")
    return job


def record_step(
    db: Connection,
    by: Requester,
    job: MassRevocation,
    step: str,
    *,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """The trail says who did it. What ends has one event of its own, when the job is over."""
    record_audit_event(
        db,
        AuditEvent(
            type=f"mass_revocation_{step}",
            actor_id=by.account_id,
            org_id=job.org_id,
            credential_type=by.credential_type,
            ip_address=by.address,
            metadata={"mass_revocation_id": str(job.mass_revocation_id), **(metadata or {})},
        ),
    )
