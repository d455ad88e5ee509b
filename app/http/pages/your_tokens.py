"""Your API tokens: making one, which is shown once; revoking one, or all. They are listed with your sessions."""

from fastapi import Request, Response

from app.domain.errors import Invalid
from app.domain.revocation_request import RevocationKind
from app.http.deps import deps_of
from app.http.pages.acting import act
from app.http.pages.forms import fields_of, filled, instant_from
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.pages.wording import sentence_for
from app.http.path_ids import ApiTokenPath
from app.http.revoking import asking, asking_at_once
from app.http.schemas_api_tokens import ApiTokenBody
from app.operations.create_api_token import create_api_token
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from app.operations.revoke_own_api_token import revoke_own_api_token_at_once

__all__ = ["routes"]

routes = page_router()


@routes.get("/api-tokens/new")
async def new_token(request: Request, visitor: PageVisitor) -> Response:  # noqa: ARG001 - whoever is signed in
    """The form."""
    return render(request, "new_token.html", problem="", name="", expires_at="")


@routes.post("/api-tokens/new")
async def create_token(request: Request, visitor: PageVisitor) -> Response:
    """A new API token, shown this once; or the form again, with what was wrong."""
    fields = await fields_of(request)
    try:
        body = filled(
            ApiTokenBody, {"name": fields.get("name", "")}, expires_at=instant_from(fields, "expires_at")
        )
        created = await deps_of(request).bridge.run(
            create_api_token, caller=visitor.caller, name=body.name, expires_at=body.expires_at
        )
    except Invalid as invalid:
        return render(
            request,
            "new_token.html",
            status=422,
            problem=sentence_for(invalid),
            name=fields.get("name", ""),
            expires_at=fields.get("expires_at", ""),
        )
    return render(request, "token_created.html", status=201, created=created)


@routes.post("/api-tokens/{api_token_id}/revoke")
async def revoke_one(request: Request, visitor: PageVisitor, api_token_id: ApiTokenPath) -> Response:
    """The API token ends, and its sockets close."""
    return await act(
        request,
        visitor,
        asking_at_once(request, visitor.caller, revoke_own_api_token_at_once, api_token_id=api_token_id),
        kind=RevocationKind.TOKEN_REVOKE,
        fields=await fields_of(request),
        attempted_id=api_token_id,
    )


@routes.post("/api-tokens/revoke-all")
async def revoke_all(request: Request, visitor: PageVisitor) -> Response:
    """Every API token of the account ends."""
    return await act(
        request,
        visitor,
        asking(request, visitor.caller, revoke_all_own_api_tokens),
        kind=RevocationKind.TOKEN_REVOKE_ALL,
        fields=await fields_of(request),
    )
