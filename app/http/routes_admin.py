"""Other people's accounts: Global Admins see all of them, an organization's admins those of their organizations."""

from fastapi import APIRouter, Request, Response

from app.domain.revocation_request import RevocationKind
from app.http.deps import deps_of
from app.http.identity import GlobalAdmin, GuardedRoute, NoSupportSession
from app.http.path_ids import AccountPath, SessionPath
from app.http.revoking import REVOKES, asking, revoke
from app.http.schemas_admin import AccountDetailsView, AccountView
from app.http.schemas_api_tokens import ApiTokenView
from app.http.schemas_sessions import SessionView
from app.http.shapes import PageView, Paging, SearchText, page_view
from app.operations.delete_account import delete_account
from app.operations.end_account_session import end_account_session
from app.operations.end_all_account_sessions import end_all_account_sessions
from app.operations.list_account_api_tokens import list_account_api_tokens
from app.operations.list_account_sessions import list_account_sessions
from app.operations.list_accounts import list_accounts
from app.operations.read_account import read_account
from app.operations.revoke_all_account_tokens import revoke_all_account_tokens
from app.operations.suspend_account import suspend_account
from app.operations.unsuspend_account import unsuspend_account

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/admin", tags=["admin"], route_class=GuardedRoute)


@routes.get("/accounts")
async def accounts(
    *,
    request: Request,
    caller: NoSupportSession,
    page: Paging,
    search: SearchText = "",
    with_deleted: bool = False,
) -> PageView[AccountView]:
    """The accounts in the caller's scope; `search` looks into e-mail address and name."""
    found = await deps_of(request).bridge.run(
        list_accounts, caller=caller, search=search, with_deleted=with_deleted, page=page
    )
    return page_view(AccountView, found)


@routes.get("/accounts/{account_id}")
async def account(request: Request, caller: NoSupportSession, account_id: AccountPath) -> AccountDetailsView:
    """One account with its stamps and roles."""
    found = await deps_of(request).bridge.run(read_account, caller=caller, account_id=account_id)
    return AccountDetailsView.model_validate(found)


@routes.get("/accounts/{account_id}/api-tokens")
async def api_tokens_of_account(
    request: Request, caller: GlobalAdmin, account_id: AccountPath, page: Paging
) -> PageView[ApiTokenView]:
    """The account's live API tokens, without the tokens."""
    found = await deps_of(request).bridge.run(
        list_account_api_tokens, caller=caller, account_id=account_id, page=page
    )
    return page_view(ApiTokenView, found)


@routes.get("/accounts/{account_id}/sessions")
async def sessions_of_account(
    request: Request, caller: NoSupportSession, account_id: AccountPath, page: Paging
) -> PageView[SessionView]:
    """The account's live sessions."""
    found = await deps_of(request).bridge.run(
        list_account_sessions, caller=caller, account_id=account_id, page=page
    )
    return page_view(SessionView, found)


@routes.delete("/sessions/{session_id}", **REVOKES)
async def end_session(request: Request, caller: NoSupportSession, session_id: SessionPath) -> Response:
    """That session ends, and its sockets close."""
    return await revoke(
        request,
        caller,
        asking(request, caller, end_account_session, session_id=session_id),
        kind=RevocationKind.SESSION_REVOKE,
        attempted_id=session_id,
        ends_own_session=session_id == caller.session_id,
    )


@routes.post("/accounts/{account_id}/sessions/terminate-all", **REVOKES)
async def terminate_all(request: Request, caller: NoSupportSession, account_id: AccountPath) -> Response:
    """Every session of that account ends; its API tokens' sockets are asked to reconnect."""
    return await revoke(
        request,
        caller,
        asking(request, caller, end_all_account_sessions, account_id=account_id),
        kind=RevocationKind.SESSION_REVOKE_ALL,
        attempted_id=account_id,
        ends_own_session=account_id == caller.account_id,
    )


@routes.post("/accounts/{account_id}/api-tokens/revoke-all", **REVOKES)
async def revoke_all_tokens(request: Request, caller: GlobalAdmin, account_id: AccountPath) -> Response:
    """Every API token of that account ends."""
    return await revoke(
        request,
        caller,
        asking(request, caller, revoke_all_account_tokens, account_id=account_id),
        kind=RevocationKind.TOKEN_REVOKE_ALL,
        attempted_id=account_id,
    )


@routes.post("/accounts/{account_id}/suspend", **REVOKES)
async def suspend(request: Request, caller: GlobalAdmin, account_id: AccountPath) -> Response:
    """Nothing of that account is admitted any more, and all its sockets close."""
    return await revoke(
        request,
        caller,
        asking(request, caller, suspend_account, account_id=account_id),
        kind=RevocationKind.ACCOUNT_SUSPEND,
        attempted_id=account_id,
        ends_own_session=account_id == caller.account_id,
    )


@routes.post("/accounts/{account_id}/unsuspend", status_code=204)
async def unsuspend(request: Request, caller: GlobalAdmin, account_id: AccountPath) -> None:
    """The account may sign in again; no credential that the suspension ended is valid again."""
    await deps_of(request).bridge.run(unsuspend_account, caller=caller, account_id=account_id)


@routes.delete("/accounts/{account_id}", **REVOKES)
async def delete(request: Request, caller: GlobalAdmin, account_id: AccountPath) -> Response:
    """The account is gone for good, and all its sockets close; its records stay readable."""
    return await revoke(
        request,
        caller,
        asking(request, caller, delete_account, account_id=account_id),
        kind=RevocationKind.ACCOUNT_DELETE,
        attempted_id=account_id,
        ends_own_session=account_id == caller.account_id,
    )
