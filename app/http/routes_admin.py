"""Other people's accounts: Global Admins see all of them, an organization's admins those of their organizations."""

from fastapi import APIRouter, Request, Response

from app.domain.revocation_request import Idempotency, Requested, RevocationKind
from app.http.deps import deps_of
from app.http.identity import GlobalAdmin, GuardedRoute, NoSupportSession
from app.http.path_ids import AccountPath, SessionPath
from app.http.revoking import RECEIPT_RESPONSES, revoke
from app.http.schemas_admin import AccountView
from app.http.schemas_revocations import ReceiptView
from app.http.schemas_sessions import SessionView
from app.http.shapes import PageView, Paging, SearchText, page_view
from app.operations.delete_account import delete_account
from app.operations.end_account_session import end_account_session
from app.operations.end_all_account_sessions import end_all_account_sessions
from app.operations.list_account_sessions import list_account_sessions
from app.operations.list_accounts import list_accounts
from app.operations.revoke_all_account_tokens import revoke_all_account_tokens
from app.operations.suspend_account import suspend_account
from app.operations.unsuspend_account import unsuspend_account

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/admin", tags=["admin"], route_class=GuardedRoute)


@routes.get("/accounts")
async def accounts(
    request: Request, caller: NoSupportSession, page: Paging, search: SearchText = ""
) -> PageView[AccountView]:
    """The accounts in the caller's scope; `search` looks into e-mail address and name."""
    found = await deps_of(request).bridge.run(list_accounts, caller=caller, search=search, page=page)
    return page_view(AccountView, found)


@routes.get("/accounts/{account_id}/sessions")
async def sessions_of_account(
    request: Request, caller: NoSupportSession, account_id: AccountPath, page: Paging
) -> PageView[SessionView]:
    """The account's live sessions."""
    found = await deps_of(request).bridge.run(
        list_account_sessions, caller=caller, account_id=account_id, page=page
    )
    return page_view(SessionView, found)


@routes.delete(
    "/sessions/{session_id}", status_code=202, response_model=ReceiptView, responses=RECEIPT_RESPONSES
)
async def end_session(request: Request, caller: NoSupportSession, session_id: SessionPath) -> Response:
    """That session ends, and its sockets close."""
    bridge = deps_of(request).bridge

    async def ask(idempotency: Idempotency | None) -> Requested:
        return await bridge.run(
            end_account_session, caller=caller, session_id=session_id, idempotency=idempotency
        )

    return await revoke(
        request,
        caller,
        ask,
        kind=RevocationKind.SESSION_REVOKE,
        attempted_id=session_id,
        ends_own_session=session_id == caller.session_id,
    )


@routes.post(
    "/accounts/{account_id}/sessions/terminate-all",
    status_code=202,
    response_model=ReceiptView,
    responses=RECEIPT_RESPONSES,
)
async def terminate_all(request: Request, caller: NoSupportSession, account_id: AccountPath) -> Response:
    """Every session of that account ends; its API tokens' sockets are asked to reconnect."""
    bridge = deps_of(request).bridge

    async def ask(idempotency: Idempotency | None) -> Requested:
        return await bridge.run(
            end_all_account_sessions, caller=caller, account_id=account_id, idempotency=idempotency
        )

    return await revoke(
        request,
        caller,
        ask,
        kind=RevocationKind.SESSION_REVOKE_ALL,
        attempted_id=account_id,
        ends_own_session=account_id == caller.account_id,
    )


@routes.post(
    "/accounts/{account_id}/api-tokens/revoke-all",
    status_code=202,
    response_model=ReceiptView,
    responses=RECEIPT_RESPONSES,
)
async def revoke_all_tokens(request: Request, caller: GlobalAdmin, account_id: AccountPath) -> Response:
    """Every API token of that account ends."""
    bridge = deps_of(request).bridge

    async def ask(idempotency: Idempotency | None) -> Requested:
        return await bridge.run(
            revoke_all_account_tokens, caller=caller, account_id=account_id, idempotency=idempotency
        )

    return await revoke(request, caller, ask, kind=RevocationKind.TOKEN_REVOKE_ALL, attempted_id=account_id)


@routes.post(
    "/accounts/{account_id}/suspend", status_code=202, response_model=ReceiptView, responses=RECEIPT_RESPONSES
)
async def suspend(request: Request, caller: GlobalAdmin, account_id: AccountPath) -> Response:
    """Nothing of that account is admitted any more, and all its sockets close."""
    bridge = deps_of(request).bridge

    async def ask(idempotency: Idempotency | None) -> Requested:
        return await bridge.run(
            suspend_account, caller=caller, account_id=account_id, idempotency=idempotency
        )

    return await revoke(
        request,
        caller,
        ask,
        kind=RevocationKind.ACCOUNT_SUSPEND,
        attempted_id=account_id,
        ends_own_session=account_id == caller.account_id,
    )


@routes.post("/accounts/{account_id}/unsuspend", status_code=204)
async def unsuspend(request: Request, caller: GlobalAdmin, account_id: AccountPath) -> None:
    """The account may sign in again; no credential that the suspension ended is valid again."""
    await deps_of(request).bridge.run(unsuspend_account, caller=caller, account_id=account_id)


@routes.delete(
    "/accounts/{account_id}", status_code=202, response_model=ReceiptView, responses=RECEIPT_RESPONSES
)
async def delete(request: Request, caller: GlobalAdmin, account_id: AccountPath) -> Response:
    """The account is gone for good, and all its sockets close; its records stay readable."""
    bridge = deps_of(request).bridge

    async def ask(idempotency: Idempotency | None) -> Requested:
        return await bridge.run(delete_account, caller=caller, account_id=account_id, idempotency=idempotency)

    return await revoke(
        request,
        caller,
        ask,
        kind=RevocationKind.ACCOUNT_DELETE,
        attempted_id=account_id,
        ends_own_session=account_id == caller.account_id,
    )
