"""Ends what a revocation aims at that is more than one thing: within its performer's transaction, and nowhere else.

One session or one token ends in the database's `perform_revocation` (`app.data.performing`).
"""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from app.data.api_tokens import revoke_all_api_tokens
from app.data.revocations import Ended, Revocation, count_ended_sessions
from app.data.session_repository import SessionRepository
from app.domain.closing import Reason
from app.domain.ids import GrantId
from app.domain.revocation_request import RevocationKind

__all__ = ["KNOWN_KINDS", "end_credentials"]


def end_credentials(db: Connection, revocation: Revocation) -> Ended:
    """What it aims at has ended; how much of it ended now, not before.

    Waits for rows that somebody else has locked. Nothing that was issued after the request ends, but by name.
    """
    return _ENDINGS[revocation.kind](db, revocation)


def _end_sessions(db: Connection, revocation: Revocation) -> Ended:
    assert revocation.account_id is not None
    assert revocation.issued_up_to is not None
    return Ended(
        sessions=SessionRepository(db).terminate_all_sessions_by_user(
            revocation.account_id,
            reason=Reason(revocation.reason),
            issued_up_to=revocation.issued_up_to,
            sparing=revocation.sparing_session_id,
        )
    )


def _revoke_tokens(db: Connection, revocation: Revocation) -> Ended:
    assert revocation.account_id is not None
    assert revocation.issued_up_to is not None
    return Ended(
        tokens=revoke_all_api_tokens(
            db,
            revocation.account_id,
            reason=Reason(revocation.reason),
            issued_up_to=revocation.issued_up_to,
        )
    )


def _end_all(db: Connection, revocation: Revocation) -> Ended:
    sessions, tokens = _end_sessions(db, revocation), _revoke_tokens(db, revocation)
    return Ended(sessions=sessions.sessions, tokens=tokens.tokens)


def _revoke_grant(db: Connection, revocation: Revocation) -> Ended:
    assert revocation.target_id is not None
    grant_id = GrantId(revocation.target_id)
    is_revoked_now = SessionRepository(db).revoke_support_access_grant(grant_id, by=revocation.requested_by)
    return Ended(grants=int(is_revoked_now), sessions=count_ended_sessions(db, revocation.revocation_id))


_ENDINGS: Mapping[str, Callable[[Connection, Revocation], Ended]] = {
    RevocationKind.SESSION_REVOKE_ALL: _end_sessions,
    RevocationKind.TOKEN_REVOKE_ALL: _revoke_tokens,
    RevocationKind.PASSWORD_CHANGE: _end_all,
    RevocationKind.ACCOUNT_SUSPEND: _end_all,
    RevocationKind.ACCOUNT_DELETE: _end_all,
    RevocationKind.SUPPORT_GRANT_END: _revoke_grant,
}

KNOWN_KINDS = frozenset(_ENDINGS) | {
    RevocationKind.SESSION_REVOKE,
    RevocationKind.REFRESH_TOKEN_REUSE,
    RevocationKind.LOGOUT,
    RevocationKind.TOKEN_REVOKE,
}
"""What this version knows how to end, here or in the database; a newer one's revocation is left to a newer worker."""
