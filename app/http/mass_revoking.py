"""What API and pages do with a mass revocation: the step is committed, then a worker is told, whoever goes away meanwhile."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import Request

from app.domain.caller import Caller
from app.domain.errors import Refused
from app.domain.ids import MassRevocationId
from app.domain.mass_revocations import MassRevocation
from app.domain.revocation_request import Idempotency, RevocationKind
from app.http.deps import HttpDeps, background_of, deps_of
from app.http.refusals import record_refusal_of
from app.http.revoking import carry_out
from app.operations.cancel_mass_revocation import cancel_mass_revocation
from app.operations.pause_mass_revocation import pause_mass_revocation
from app.operations.plan_mass_revocation import MassAsk, plan_mass_revocation
from app.operations.resume_mass_revocation import resume_mass_revocation
from app.operations.start_mass_revocation import BegunMassRevocation, start_mass_revocation

__all__ = ["cancel", "pause", "plan", "resume", "start"]


async def plan(
    request: Request, caller: Caller, ask: MassAsk, *, idempotency: Idempotency | None
) -> MassRevocation:
    """It is counted and kept; nothing ends. Raises: what the operation does."""
    bridge = deps_of(request).bridge

    async def work() -> MassRevocation:
        return await bridge.run(plan_mass_revocation, by=caller, ask=ask, idempotency=idempotency)

    return await _or_on_record(request, caller, work)


async def start(
    request: Request,
    caller: Caller,
    job_id: MassRevocationId,
    *,
    accepted: int | None,
    idempotency: Idempotency | None,
) -> MassRevocation:
    """It runs. Raises: what the operation does; a refusal is on record."""
    deps = deps_of(request)

    async def work() -> MassRevocation:
        begun = await deps.bridge.run(
            start_mass_revocation,
            by=caller,
            mass_revocation_id=job_id,
            accepted=accepted,
            idempotency=idempotency,
        )
        return await _sent(deps, begun)

    return await _or_on_record(request, caller, work, attempted_id=job_id)


async def pause(request: Request, caller: Caller, job_id: MassRevocationId) -> MassRevocation:
    """It stands still. Raises: what the operation does."""
    return await deps_of(request).bridge.run(pause_mass_revocation, by=caller, mass_revocation_id=job_id)


async def resume(request: Request, caller: Caller, job_id: MassRevocationId) -> MassRevocation:
    """It goes on. Raises: what the operation does; a refusal is on record."""
    deps = deps_of(request)

    async def work() -> MassRevocation:
        begun = await deps.bridge.run(resume_mass_revocation, by=caller, mass_revocation_id=job_id)
        return await _sent(deps, begun)

    return await _or_on_record(request, caller, work, attempted_id=job_id)


async def cancel(request: Request, caller: Caller, job_id: MassRevocationId) -> MassRevocation:
    """It is given up; the event of what it had ended is written. Raises: what the operation does."""
    deps = deps_of(request)

    async def work() -> MassRevocation:
        job = await deps.bridge.run(cancel_mass_revocation, by=caller, mass_revocation_id=job_id)
        if job.revocation_id is not None:
            await carry_out(deps, job.revocation_id)
        return job

    return await background_of(request).run(work())


async def _sent(deps: HttpDeps, begun: BegunMassRevocation) -> MassRevocation:
    """A worker has the job; where the broker does not take it, a sweep will when the lease is over."""
    if begun.lease is not None:
        await deps.enqueue_mass_revocation(begun.lease)
    return begun.job


async def _or_on_record(
    request: Request,
    caller: Caller,
    work: Callable[[], Awaitable[MassRevocation]],
    *,
    attempted_id: UUID | None = None,
) -> MassRevocation:
    async def asked() -> MassRevocation:
        return await work()

    try:
        return await background_of(request).run(asked())
    except Refused as refused:
        await record_refusal_of(
            request, caller, refused, kind=RevocationKind.MASS_REVOCATION, attempted_id=attempted_id
        )
        raise
