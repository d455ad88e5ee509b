"""Your sessions: where somebody is signed in, what became of the rest, and ending one, or all others."""

from fastapi import Request, Response

from app.domain.closing import Reason
from app.domain.paging import PageRequest
from app.domain.revocation_request import RevocationKind
from app.http.deps import deps_of
from app.http.pages.acting import act
from app.http.pages.forms import fields_of
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.path_ids import SessionPath
from app.http.revoking import asking, asking_at_once
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session_at_once
from app.operations.list_api_tokens import list_api_tokens
from app.operations.list_own_sessions import list_own_sessions
from app.operations.list_recent_ends import list_recent_ends

__all__ = ["routes"]

ENDS_SHOWN = 20

routes = page_router()


@routes.get("/sessions")
async def your_sessions(request: Request, visitor: PageVisitor) -> Response:
    """The page."""
    return await _show(request, visitor, "your_sessions.html")


@routes.get("/sessions/now")
async def your_sessions_now(request: Request, visitor: PageVisitor) -> Response:
    """The part of it that keeps up."""
    return await _show(request, visitor, "_your_sessions.html")


@routes.post("/sessions/{session_id}/end")
async def end_one(request: Request, visitor: PageVisitor, session_id: SessionPath) -> Response:
    """The session ends, and its sockets close; where it is this one, the browser is signed out."""
    return await act(
        request,
        visitor,
        asking_at_once(request, visitor.caller, end_own_session_at_once, session_id=session_id),
        kind=RevocationKind.SESSION_REVOKE,
        fields=await fields_of(request),
        attempted_id=session_id,
        signs_out=Reason.SESSION_REVOKED if session_id == visitor.caller.session_id else None,
    )


@routes.post("/sessions/end-others")
async def end_others(request: Request, visitor: PageVisitor) -> Response:
    """Every session of the account ends but this one."""
    return await act(
        request,
        visitor,
        asking(request, visitor.caller, end_all_own_sessions, except_current=True),
        kind=RevocationKind.SESSION_REVOKE_ALL,
        fields=await fields_of(request),
    )


async def _show(request: Request, visitor: PageVisitor, template: str) -> Response:
    bridge, caller, wanted = deps_of(request).bridge, visitor.caller, request.query_params
    sessions = await bridge.run(
        list_own_sessions, caller=caller, page=PageRequest(cursor=wanted.get("cursor"))
    )
    tokens = await bridge.run(list_api_tokens, caller=caller, page=PageRequest(cursor=wanted.get("tokens")))
    ends = await bridge.run(
        list_recent_ends, caller=caller, page=PageRequest(limit=ENDS_SHOWN, cursor=wanted.get("ends"))
    )
    return render(request, template, sessions=sessions, tokens=tokens, ends=ends, query=request.url.query)
