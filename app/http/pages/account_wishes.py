"""What may be asked of an account's page to end, and how each of it is said and done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.closing import Reason
from app.domain.errors import Invalid
from app.domain.ids import AccountId
from app.domain.previews import AccountAct
from app.domain.revocation_request import Requested, RevocationKind
from app.http.pages.forms import filled
from app.http.path_ids import StrictUuid
from app.http.shapes import Body
from app.operations.delete_account import delete_account
from app.operations.end_account_session import end_account_session
from app.operations.end_all_account_sessions import end_all_account_sessions
from app.operations.read_visitor import Visitor
from app.operations.revoke_all_account_tokens import revoke_all_account_tokens
from app.operations.suspend_account import suspend_account

__all__ = ["Act", "What", "Wish", "signs_out", "wish_from"]


class What(StrEnum):
    """What a button is about: one session, or an act on the whole account."""

    SESSION = "session"
    SESSIONS = AccountAct.SESSIONS.value
    TOKENS = AccountAct.TOKENS.value
    SUSPEND = AccountAct.SUSPEND.value
    DELETE = AccountAct.DELETE.value


class Wish(Body):
    """What is to end; `session` names it where it is one session."""

    what: What
    session: StrictUuid | None = None

    @property
    def act(self) -> "Act":
        """How it is said and done."""
        return _ACTS[self.what]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """The API's operation, its kind, what it is called, and what its owner is told where they end themselves by it."""

    operation: Callable[..., Requested]
    kind: RevocationKind
    heading: str
    button: str
    reason: Reason | None


def wish_from(fields: Mapping[str, str]) -> Wish:
    """What a form, or an address, asks for. Raises: Invalid for what no account's page offers."""
    wish = filled(Wish, fields)
    if (wish.what is What.SESSION) != (wish.session is not None):
        raise Invalid("session", "does_not_go_with_the_rest")
    return wish


def signs_out(wish: Wish, visitor: Visitor, account_id: AccountId) -> Reason | None:
    """What the visitor is told if it ends the very session that they look with; None if it does not."""
    caller = visitor.caller
    is_own = account_id == caller.account_id if wish.session is None else wish.session == caller.session_id
    return wish.act.reason if is_own else None


_ACTS: dict[What, Act] = {
    What.SESSION: Act(
        operation=end_account_session,
        kind=RevocationKind.SESSION_REVOKE,
        heading="End one session of",
        button="End this session",
        reason=Reason.SESSION_REVOKED,
    ),
    What.SESSIONS: Act(
        operation=end_all_account_sessions,
        kind=RevocationKind.SESSION_REVOKE_ALL,
        heading="End all sessions of",
        button="End all sessions",
        reason=Reason.ALL_SESSIONS_REVOKED,
    ),
    What.TOKENS: Act(
        operation=revoke_all_account_tokens,
        kind=RevocationKind.TOKEN_REVOKE_ALL,
        heading="Revoke all API tokens of",
        button="Revoke all API tokens",
        reason=None,
    ),
    What.SUSPEND: Act(
        operation=suspend_account,
        kind=RevocationKind.ACCOUNT_SUSPEND,
        heading="Suspend",
        button="Suspend the account",
        reason=Reason.ACCOUNT_SUSPENDED,
    ),
    What.DELETE: Act(
        operation=delete_account,
        kind=RevocationKind.ACCOUNT_DELETE,
        heading="Delete",
        button="Delete the account",
        reason=Reason.ACCOUNT_DELETED,
    ),
}
