"""One account, for the admins in whose scope it is: where it is signed in, and what may be done about it."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.data.api_tokens import ApiToken
from app.data.session_repository import ActiveSession
from app.domain.ids import AccountId
from app.domain.paging import Page
from app.http.deps import deps_of
from app.http.pages.queries import more_address, page_asked
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.path_ids import AccountPath
from app.operations.list_account_api_tokens import list_account_api_tokens
from app.operations.list_account_sessions import list_account_sessions
from app.operations.read_account import read_account
from app.operations.read_visitor import Visitor

__all__ = ["routes"]

TOKEN_CURSOR = "token_cursor"

routes: APIRouter = page_router()


@routes.get("/accounts/{account_id}")
async def account(request: Request, visitor: PageVisitor, account_id: AccountPath) -> Response:
    """The account with its sessions; for a Global Admin its API tokens, by name, too."""
    return await _shown(request, visitor, account_id, "account.html")


@routes.get("/accounts/{account_id}/live")
async def live_account(request: Request, visitor: PageVisitor, account_id: AccountPath) -> Response:
    """The same without the page around it."""
    return await _shown(request, visitor, account_id, "_account.html")


async def _shown(request: Request, visitor: Visitor, account_id: AccountId, template: str) -> Response:
    bridge = deps_of(request).bridge
    details = await bridge.run(read_account, caller=visitor.caller, account_id=account_id)
    is_gone = details.summary.deleted_at is not None
    path = f"/accounts/{account_id}"
    return render(
        request,
        template,
        details=details,
        account=details.summary,
        sessions=_NOTHING if is_gone else await _sessions(request, visitor, account_id),
        tokens=_NOTHING if is_gone else await _tokens(request, visitor, account_id),
        live=f"{path}/live?{request.url.query}",
        more_sessions=more_address(request, path=path),
        more_tokens=more_address(request, path=path, cursor=TOKEN_CURSOR),
    )


async def _sessions(request: Request, visitor: Visitor, account_id: AccountId) -> Page[ActiveSession]:
    return await deps_of(request).bridge.run(
        list_account_sessions, caller=visitor.caller, account_id=account_id, page=page_asked(request)
    )


async def _tokens(request: Request, visitor: Visitor, account_id: AccountId) -> Page[ApiToken]:
    """They are shown to Global Admins only."""
    if not visitor.caller.is_global_admin:
        return _NOTHING
    page = page_asked(request, cursor=TOKEN_CURSOR)
    return await deps_of(request).bridge.run(
        list_account_api_tokens, caller=visitor.caller, account_id=account_id, page=page
    )


_NOTHING: Page[Any] = Page((), None)
