"""One's own sessions: what is signed in, and ending one, all, or all but this."""

from fastapi import APIRouter, Request, Response

from app.domain.revocation_request import RevocationKind
from app.http.deps import deps_of
from app.http.identity import GuardedRoute, OwnSession
from app.http.path_ids import SessionPath
from app.http.revoking import REVOKES, asking, asking_at_once, revoke
from app.http.schemas_sessions import SessionView, TerminateAllBody
from app.http.shapes import PageView, Paging, page_view
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session_at_once
from app.operations.list_own_sessions import list_own_sessions

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/sessions", tags=["sessions"], route_class=GuardedRoute)


@routes.get("")
async def list_sessions(request: Request, caller: OwnSession, page: Paging) -> PageView[SessionView]:
    """The account's live sessions, newest first."""
    found = await deps_of(request).bridge.run(list_own_sessions, caller=caller, page=page)
    shown = page_view(SessionView, found)
    items = [each.model_copy(update={"is_current": each.id == caller.session_id}) for each in shown.items]
    return PageView(items=items, next=shown.next)


@routes.delete("/{session_id}", **REVOKES)
async def end_session(request: Request, caller: OwnSession, session_id: SessionPath) -> Response:
    """The session and its refresh tokens end, and its sockets close."""
    return await revoke(
        request,
        caller,
        asking_at_once(request, caller, end_own_session_at_once, session_id=session_id),
        kind=RevocationKind.SESSION_REVOKE,
        attempted_id=session_id,
        ends_own_session=session_id == caller.session_id,
    )


@routes.post("/terminate-all", **REVOKES)
async def terminate_all(request: Request, caller: OwnSession, body: TerminateAllBody) -> Response:
    """Every session of the account ends, or every one but this."""
    return await revoke(
        request,
        caller,
        asking(request, caller, end_all_own_sessions, except_current=body.except_current),
        kind=RevocationKind.SESSION_REVOKE_ALL,
        body=body.model_dump(),
        ends_own_session=not body.except_current,
    )
