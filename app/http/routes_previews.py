"""What exactly would end: beside each address at which something ends, one that says what, and ends nothing."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.domain.previews import AccountAct
from app.http.deps import deps_of
from app.http.identity import GuardedRoute, NoSupportSession, OwnSession
from app.http.path_ids import AccountPath, ApiTokenPath, GrantPath, OrgPath, SessionPath
from app.http.schemas_previews import PreviewView
from app.operations.preview_revocation import (
    preview_account_act,
    preview_account_session,
    preview_all_own_api_tokens,
    preview_all_own_sessions,
    preview_own_api_token,
    preview_own_session,
    preview_support_grant,
)

__all__ = ["routes"]

routes = APIRouter(prefix="/v1", tags=["previews"], route_class=GuardedRoute)

ExceptCurrent = Annotated[bool, Query(description="As in the request itself: it has to be said.")]
What = Annotated[AccountAct, Query(description="Which act: end all sessions, all tokens, suspend, delete.")]


@routes.get("/sessions/terminate-all/preview")
async def all_sessions(request: Request, caller: OwnSession, except_current: ExceptCurrent) -> PreviewView:
    """What would end with all of one's sessions, or all but this."""
    bridge = deps_of(request).bridge
    found = await bridge.run(preview_all_own_sessions, caller=caller, except_current=except_current)
    return PreviewView.model_validate(found)


@routes.get("/sessions/{session_id}/preview")
async def one_session(request: Request, caller: OwnSession, session_id: SessionPath) -> PreviewView:
    """What would end with that session."""
    found = await deps_of(request).bridge.run(preview_own_session, caller=caller, session_id=session_id)
    return PreviewView.model_validate(found)


@routes.get("/api-tokens/revoke-all/preview")
async def all_tokens(request: Request, caller: OwnSession) -> PreviewView:
    """What would end with all of one's API tokens."""
    found = await deps_of(request).bridge.run(preview_all_own_api_tokens, caller=caller)
    return PreviewView.model_validate(found)


@routes.get("/api-tokens/{api_token_id}/preview")
async def one_token(request: Request, caller: OwnSession, api_token_id: ApiTokenPath) -> PreviewView:
    """What would end with that API token."""
    bridge = deps_of(request).bridge
    found = await bridge.run(preview_own_api_token, caller=caller, api_token_id=api_token_id)
    return PreviewView.model_validate(found)


@routes.get("/admin/sessions/{session_id}/preview")
async def somebodys_session(
    request: Request, caller: NoSupportSession, session_id: SessionPath
) -> PreviewView:
    """What would end with that session of somebody else's."""
    found = await deps_of(request).bridge.run(preview_account_session, caller=caller, session_id=session_id)
    return PreviewView.model_validate(found)


@routes.get("/admin/accounts/{account_id}/preview")
async def account_act(
    request: Request, caller: NoSupportSession, account_id: AccountPath, what: What
) -> PreviewView:
    """What would end with that act on the account."""
    bridge = deps_of(request).bridge
    found = await bridge.run(preview_account_act, caller=caller, account_id=account_id, act=what)
    return PreviewView.model_validate(found)


@routes.get("/orgs/{org}/support-grants/{grant_id}/preview")
async def support_grant(
    request: Request, caller: NoSupportSession, org: OrgPath, grant_id: GrantPath
) -> PreviewView:
    """What would end with that support access grant."""
    bridge = deps_of(request).bridge
    found = await bridge.run(preview_support_grant, caller=caller, org=org, grant_id=grant_id)
    return PreviewView.model_validate(found)
