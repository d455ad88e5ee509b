"""One's own API tokens: issuing, listing, revoking one or all. Only a session may do this, never an API token."""

from fastapi import APIRouter, Request, Response

from app.domain.revocation_request import RevocationKind
from app.http.deps import deps_of
from app.http.identity import GuardedRoute, OwnSession
from app.http.path_ids import ApiTokenPath
from app.http.revoking import REVOKES, asking, asking_at_once, revoke
from app.http.schemas_api_tokens import ApiTokenBody, ApiTokenView, IssuedApiTokenView
from app.http.shapes import PageView, Paging, page_view
from app.operations.create_api_token import create_api_token
from app.operations.list_api_tokens import list_api_tokens
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from app.operations.revoke_own_api_token import revoke_own_api_token_at_once

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/api-tokens", tags=["API tokens"], route_class=GuardedRoute)


@routes.get("")
async def list_tokens(request: Request, caller: OwnSession, page: Paging) -> PageView[ApiTokenView]:
    """The account's live API tokens, newest first."""
    return page_view(
        ApiTokenView, await deps_of(request).bridge.run(list_api_tokens, caller=caller, page=page)
    )


@routes.post("", status_code=201)
async def issue_token(request: Request, caller: OwnSession, body: ApiTokenBody) -> IssuedApiTokenView:
    """A new API token; it ends no other."""
    created = await deps_of(request).bridge.run(
        create_api_token, caller=caller, name=body.name, expires_at=body.expires_at
    )
    return IssuedApiTokenView.model_validate(created)


@routes.delete("/{api_token_id}", **REVOKES)
async def revoke_token(request: Request, caller: OwnSession, api_token_id: ApiTokenPath) -> Response:
    """The API token ends, and its sockets close."""
    return await revoke(
        request,
        caller,
        asking_at_once(request, caller, revoke_own_api_token_at_once, api_token_id=api_token_id),
        kind=RevocationKind.TOKEN_REVOKE,
        attempted_id=api_token_id,
    )


@routes.post("/revoke-all", **REVOKES)
async def revoke_all(request: Request, caller: OwnSession) -> Response:
    """Every API token of the account ends."""
    return await revoke(
        request,
        caller,
        asking(request, caller, revoke_all_own_api_tokens),
        kind=RevocationKind.TOKEN_REVOKE_ALL,
    )
