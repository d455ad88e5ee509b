"""Somebody asks what exactly would end: with the rights, and with the answers to unknown ids, of the act itself."""

from sqlalchemy import Connection

from app.data.accounts import is_last_global_admin
from app.data.api_tokens import find_api_token
from app.data.organizations import require_org_admin
from app.data.previews import count_ending
from app.data.rows import one_row
from app.data.scope import require_account_in_scope, require_admin
from app.data.session_rows import find_session_in_scope, find_session_of
from app.data.support_grants import find_grant
from app.domain.caller import Caller
from app.domain.credentials import CredentialType
from app.domain.errors import Conflict, NotFound
from app.domain.ids import AccountId, ApiTokenId, GrantId, SessionId
from app.domain.permissions import require_global_admin, require_own_session
from app.domain.previews import (
    AccountAct,
    AccountEnding,
    GrantEnding,
    Preview,
    SessionEnding,
    TokenEnding,
    ending_of_account,
)

__all__ = [
    "preview_account_act",
    "preview_account_session",
    "preview_all_own_api_tokens",
    "preview_all_own_sessions",
    "preview_own_api_token",
    "preview_own_session",
    "preview_support_grant",
    "require_not_last_global_admin",
]


def preview_own_session(db: Connection, *, caller: Caller, session_id: SessionId) -> Preview:
    """What `end_own_session` would end. Raises: Forbidden; NotFound, as it does."""
    require_own_session(caller)
    if find_session_of(db, session_id, owner=caller.account_id) is None:
        raise NotFound("session")
    return count_ending(db, SessionEnding(session_id))


def preview_all_own_sessions(db: Connection, *, caller: Caller, except_current: bool) -> Preview:
    """What `end_all_own_sessions` would end. Raises: Forbidden, as it does."""
    require_own_session(caller)
    ending = AccountEnding(
        account_id=caller.account_id,
        invalidates=frozenset({CredentialType.SESSION}),
        sparing=caller.session_id if except_current else None,
    )
    return count_ending(db, ending)


def preview_own_api_token(db: Connection, *, caller: Caller, api_token_id: ApiTokenId) -> Preview:
    """What `revoke_own_api_token` would end. Raises: Forbidden; NotFound, as it does."""
    require_own_session(caller)
    if find_api_token(db, api_token_id, owner=caller.account_id) is None:
        raise NotFound("api_token")
    return count_ending(db, TokenEnding(api_token_id))


def preview_all_own_api_tokens(db: Connection, *, caller: Caller) -> Preview:
    """What `revoke_all_own_api_tokens` would end. Raises: Forbidden, as it does."""
    require_own_session(caller)
    return count_ending(db, ending_of_account(caller.account_id, AccountAct.TOKENS))


def preview_account_session(db: Connection, *, caller: Caller, session_id: SessionId) -> Preview:
    """What `end_account_session` would end. Raises: Forbidden; NotFound, as it does."""
    require_admin(db, caller)
    if find_session_in_scope(db, session_id, caller=caller.account_id) is None:
        raise NotFound("session")
    return count_ending(db, SessionEnding(session_id))


def preview_account_act(db: Connection, *, caller: Caller, account_id: AccountId, act: AccountAct) -> Preview:
    """What that act would end of the account. Raises: Forbidden, NotFound, Conflict `last_global_admin`, as it does."""
    if act is not AccountAct.SESSIONS:
        require_global_admin(caller)
    if act is AccountAct.DELETE and _is_deleted(db, account_id):
        return count_ending(db, ending_of_account(account_id, act))
    require_account_in_scope(db, caller, account_id)
    require_not_last_global_admin(db, account_id, act)
    return count_ending(db, ending_of_account(account_id, act))


def preview_support_grant(db: Connection, *, caller: Caller, org: str, grant_id: GrantId) -> Preview:
    """What `revoke_support_grant` would end. Raises: Forbidden, NotFound, as it does."""
    organization = require_org_admin(db, caller, org)
    if find_grant(db, grant_id, org_id=organization.org_id) is None:
        raise NotFound("support_grant")
    return count_ending(db, GrantEnding(grant_id))


def require_not_last_global_admin(db: Connection, account_id: AccountId, act: AccountAct) -> None:
    """Returns where the act may be done to the account. Raises: Conflict `last_global_admin`."""
    if act in _SHUTS and is_last_global_admin(db, account_id):
        raise Conflict("last_global_admin")


def _is_deleted(db: Connection, account_id: AccountId) -> bool:
    """Deleting again succeeds, and ends nothing."""
    query = "SELECT id FROM account WHERE id = %(id)s AND deleted_at IS NOT NULL"
    return one_row(db, query, id=account_id) is not None


_SHUTS = frozenset({AccountAct.SUSPEND, AccountAct.DELETE})
