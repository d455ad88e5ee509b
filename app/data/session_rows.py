"""Sessions as rows: written at sign-in, found by whoever may end them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.rows import Row, one_row, run
from app.data.scope import ACCOUNT_IN_SCOPE
from app.domain.ids import AccountId, GrantId, RevocationId, SessionId, TokenHash

__all__ = [
    "SESSION_IS_LIVE",
    "NewSession",
    "SessionRow",
    "find_revocation_of_session",
    "find_session_in_scope",
    "find_session_of",
    "insert_session",
    "move_session_end",
    "token_hash_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session about to begin, at an instant taken under its account's lock. `grant_id` makes it a support session."""

    account_id: AccountId
    token_hash: TokenHash
    issued_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    user_agent: str
    device: str
    ip_address: str
    grant_id: GrantId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A session, and whether it has been ended: by its row, or by its account's stamp. Expiry is another matter."""

    session_id: SessionId
    account_id: AccountId
    token_hash: TokenHash
    issued_at: datetime
    is_ended: bool


def insert_session(db: Connection, session: NewSession) -> SessionId:
    """The session is valid from its issue."""
    session_id = SessionId(uuid7())
    run(
        db,
        """
        INSERT INTO session (id, account_id, grant_id, token_hash, issued_at, expires_at, absolute_expires_at,
                             user_agent, device, ip_address)
        VALUES (%(id)s, %(account_id)s, %(grant_id)s, %(token_hash)s, %(issued_at)s, %(expires_at)s,
                %(absolute_expires_at)s, %(user_agent)s, %(device)s, %(ip_address)s)
        """,
        id=session_id,
        account_id=session.account_id,
        grant_id=session.grant_id,
        token_hash=session.token_hash,
        issued_at=session.issued_at,
        expires_at=session.expires_at,
        absolute_expires_at=session.absolute_expires_at,
        user_agent=session.user_agent,
        device=session.device,
        ip_address=session.ip_address,
    )
    return session_id


def find_session_of(db: Connection, session_id: SessionId, *, owner: AccountId) -> SessionRow | None:
    """That session of that account, ended or not; None for an unknown id and for somebody else's."""
    row = one_row(
        db, _SELECT + "WHERE s.id = %(session_id)s AND a.id = %(owner)s", session_id=session_id, owner=owner
    )
    return None if row is None else _session(row)


def find_session_in_scope(db: Connection, session_id: SessionId, *, caller: AccountId) -> SessionRow | None:
    """That session, ended or not, if its account is one that this admin may act upon; else None."""
    row = one_row(
        db,
        _SELECT + "WHERE s.id = %(session_id)s AND a.deleted_at IS NULL AND " + ACCOUNT_IN_SCOPE,
        session_id=session_id,
        caller=caller,
    )
    return None if row is None else _session(row)


def find_revocation_of_session(db: Connection, session: SessionRow) -> RevocationId | None:
    """The revocation of the session's account that ended it, by name or with all others; None where none is on record."""
    row = one_row(
        db,
        """
        SELECT r.id FROM revocation r
         WHERE r.account_id = %(account_id)s
           AND (r.target_id = %(session_id)s
                OR EXISTS (SELECT FROM closure c
                            WHERE c.revocation_id = r.id AND c.action = 'close'
                              AND ((c.target_kind = 'session' AND c.target_key = %(token_hash)s)
                                   OR (c.target_kind = 'account' AND 'session' = ANY(c.invalidates)
                                       AND c.created_at >= %(issued_at)s))))
         ORDER BY r.requested_at
         LIMIT 1
        """,
        account_id=session.account_id,
        session_id=session.session_id,
        token_hash=session.token_hash,
        issued_at=session.issued_at,
    )
    return None if row is None else RevocationId(row["id"])


def token_hash_of(db: Connection, session_id: SessionId) -> TokenHash:
    """The hash of the session's token, which stays the same for its whole life."""
    row = one_row(db, "SELECT token_hash FROM session WHERE id = %(session_id)s", session_id=session_id)
    assert row is not None, "the caller holds the session's lock"
    return TokenHash(row["token_hash"])


def move_session_end(
    db: Connection, session_id: SessionId, *, lifetime: timedelta
) -> tuple[datetime, datetime]:
    """The session lives that long from now, never less than before nor past its absolute end; both ends."""
    row = one_row(
        db,
        """
        UPDATE session
           SET expires_at = least(absolute_expires_at, greatest(expires_at, clock_timestamp() + %(lifetime)s))
         WHERE id = %(session_id)s
        RETURNING expires_at, absolute_expires_at
        """,
        session_id=session_id,
        lifetime=lifetime,
    )
    assert row is not None, "the caller holds the session's lock"
    return row["expires_at"], row["absolute_expires_at"]


_IS_ENDED = "(s.terminated_at IS NOT NULL OR s.issued_at <= coalesce(a.sessions_ended_at, '-infinity'))"
SESSION_IS_LIVE = f"""
EXISTS (SELECT FROM session s JOIN account a ON a.id = s.account_id WHERE s.id = %(target_id)s AND NOT {_IS_ENDED})
"""
"""Whether the session `target_id` has not been ended; expiry is another matter."""

_SELECT = f"""
SELECT s.id, s.account_id, s.token_hash, s.issued_at, {_IS_ENDED} AS is_ended
  FROM session s JOIN account a ON a.id = s.account_id
"""  # noqa: S608 - a constant


def _session(row: Row) -> SessionRow:
    return SessionRow(
        session_id=SessionId(row["id"]),
        account_id=AccountId(row["account_id"]),
        token_hash=TokenHash(row["token_hash"]),
        issued_at=row["issued_at"],
        is_ended=row["is_ended"],
    )
