"""Mass revocations: planned with counts, started by the plan's id, watched, paused, resumed, cancelled."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from app.domain.caller import Caller
from app.domain.revocation_request import Idempotency
from app.http import mass_revoking
from app.http.deps import deps_of
from app.http.idempotency import idempotency_of
from app.http.identity import GuardedRoute, NoSupportSession
from app.http.path_ids import MassRevocationPath
from app.http.schemas_mass_revocations import (
    MassRevocationBody,
    MassRevocationView,
    StartMassRevocationBody,
)
from app.http.shapes import PageView, Paging, page_view
from app.operations.list_mass_revocations import list_mass_revocations
from app.operations.read_mass_revocation import read_mass_revocation

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/mass-revocations", tags=["mass revocations"], route_class=GuardedRoute)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key with the same request is the same plan, or the same start.",
    ),
]


@routes.post("", status_code=201)
async def plan(
    *,
    request: Request,
    response: Response,
    caller: NoSupportSession,
    body: MassRevocationBody,
    idempotency_key: IdempotencyKey = None,
) -> MassRevocationView:
    """A plan: what would end now, counted and kept. Nothing ends before it is started by its id."""
    said = _idempotency(request, caller, idempotency_key, body.model_dump(mode="json"))
    job = await mass_revoking.plan(request, caller, body.ask(), idempotency=said)
    response.headers["Location"] = f"/v1/mass-revocations/{job.mass_revocation_id}"
    return MassRevocationView.model_validate(job)


@routes.get("")
async def list_all(request: Request, caller: NoSupportSession, page: Paging) -> PageView[MassRevocationView]:
    """Those in the caller's scope, the newest plan first."""
    found = await deps_of(request).bridge.run(list_mass_revocations, by=caller, page=page)
    return page_view(MassRevocationView, found)


@routes.get("/{mass_revocation_id}")
async def progress(
    request: Request, caller: NoSupportSession, mass_revocation_id: MassRevocationPath
) -> MassRevocationView:
    """How far it is."""
    job = await deps_of(request).bridge.run(
        read_mass_revocation, by=caller, mass_revocation_id=mass_revocation_id
    )
    return MassRevocationView.model_validate(job)


@routes.post("/{mass_revocation_id}/start")
async def start(
    *,
    request: Request,
    caller: NoSupportSession,
    mass_revocation_id: MassRevocationPath,
    body: StartMassRevocationBody | None = None,
    idempotency_key: IdempotencyKey = None,
) -> MassRevocationView:
    """It runs, on what was issued up to now; 409 with both counts if many more match than the caller was told of."""
    accepted = None if body is None else body.accepted
    said = _idempotency(request, caller, idempotency_key, {"accepted": accepted})
    job = await mass_revoking.start(request, caller, mass_revocation_id, accepted=accepted, idempotency=said)
    return MassRevocationView.model_validate(job)


@routes.post("/{mass_revocation_id}/pause")
async def pause(
    request: Request, caller: NoSupportSession, mass_revocation_id: MassRevocationPath
) -> MassRevocationView:
    """It stands still after the batch that runs; paused already, it stays so."""
    return MassRevocationView.model_validate(await mass_revoking.pause(request, caller, mass_revocation_id))


@routes.post("/{mass_revocation_id}/resume")
async def resume(
    request: Request, caller: NoSupportSession, mass_revocation_id: MassRevocationPath
) -> MassRevocationView:
    """It goes on where it stopped; running already, it runs on."""
    return MassRevocationView.model_validate(await mass_revoking.resume(request, caller, mass_revocation_id))


@routes.post("/{mass_revocation_id}/cancel")
async def cancel(
    request: Request, caller: NoSupportSession, mass_revocation_id: MassRevocationPath
) -> MassRevocationView:
    """Nothing more ends by it; what has ended stays so, and has its receipt."""
    return MassRevocationView.model_validate(await mass_revoking.cancel(request, caller, mass_revocation_id))


def _idempotency(request: Request, caller: Caller, key: str | None, body: Any) -> Idempotency | None:
    return idempotency_of(
        key, method=request.method, path=request.url.path, body=body, account_id=caller.account_id
    )
