"""An operator asks what exactly would end, before it does."""

from uuid import UUID

from sqlalchemy import Connection

from app.data.previews import count_ending
from app.data.rows import one_row
from app.domain.errors import NotFound
from app.domain.ids import AccountId, ApiTokenId, GrantId, SessionId
from app.domain.operator_target import OperatorTarget
from app.domain.previews import (
    AccountAct,
    Ending,
    GrantEnding,
    Preview,
    SessionEnding,
    TokenEnding,
    ending_of_account,
)
from app.operations.preview_revocation import require_not_last_global_admin

__all__ = ["preview_as_operator"]


def preview_as_operator(db: Connection, target: OperatorTarget, *, target_id: UUID) -> Preview:
    """What `revoke_as_operator` would end. Raises: NotFound, Conflict `last_global_admin`, as it does."""
    what, query = _LOOKS.get(target, ("account", _AN_ACCOUNT))
    if one_row(db, query, id=target_id, even_deleted=target is OperatorTarget.DELETE) is None:
        raise NotFound(what)
    act = _ACTS.get(target)
    if act is not None:
        require_not_last_global_admin(db, AccountId(target_id), act)
    return count_ending(db, _ending(target, target_id))


def _ending(target: OperatorTarget, target_id: UUID) -> Ending:
    match target:
        case OperatorTarget.SESSION:
            return SessionEnding(SessionId(target_id))
        case OperatorTarget.TOKEN:
            return TokenEnding(ApiTokenId(target_id))
        case OperatorTarget.GRANT:
            return GrantEnding(GrantId(target_id))
        case _:
            return ending_of_account(AccountId(target_id), _ACTS[target])


_AN_ACCOUNT = "SELECT id FROM account WHERE id = %(id)s AND (deleted_at IS NULL OR %(even_deleted)s)"
_LOOKS = {
    OperatorTarget.SESSION: ("session", "SELECT id FROM session WHERE id = %(id)s"),
    OperatorTarget.TOKEN: ("api_token", "SELECT id FROM api_token WHERE id = %(id)s"),
    OperatorTarget.GRANT: ("support_grant", "SELECT id FROM support_access_grant WHERE id = %(id)s"),
}
_ACTS = {
    OperatorTarget.ACCOUNT_SESSIONS: AccountAct.SESSIONS,
    OperatorTarget.ACCOUNT_TOKENS: AccountAct.TOKENS,
    OperatorTarget.SUSPEND: AccountAct.SUSPEND,
    OperatorTarget.DELETE: AccountAct.DELETE,
}
