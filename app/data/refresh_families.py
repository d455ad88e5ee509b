"""Refresh tokens as rows: a family is those of one session, and one of them is current."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.rows import one_row, run
from app.domain.ids import RefreshTokenId, SessionId, TokenHash

__all__ = [
    "RefreshTokenRow",
    "consume_refresh_token",
    "find_family",
    "insert_refresh_token",
    "invalidate_family",
    "read_refresh_token",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRow:
    """A presented refresh token, as its family stands, at `read_at` by the database's clock."""

    refresh_token_id: RefreshTokenId
    consumed_at: datetime | None
    invalidated_at: datetime | None
    successor_nonce: bytes | None
    successor_consumed: bool
    read_at: datetime


def find_family(db: Connection, token_hash: TokenHash) -> SessionId | None:
    """The session whose family has that refresh token, locked: of several refreshes at once, one goes first."""
    row = one_row(
        db,
        """
        SELECT id FROM session
         WHERE id = (SELECT session_id FROM refresh_token WHERE token_hash = %(token_hash)s)
           FOR NO KEY UPDATE
        """,
        token_hash=token_hash,
    )
    return None if row is None else SessionId(row["id"])


def read_refresh_token(db: Connection, token_hash: TokenHash) -> RefreshTokenRow | None:
    """That refresh token, None if it is gone; to be read after its family was locked, in a statement of its own."""
    row = one_row(
        db,
        """
        SELECT t.id, t.consumed_at, t.invalidated_at, t.successor_nonce,
               next.consumed_at IS NOT NULL AS successor_consumed, clock_timestamp() AS read_at
          FROM refresh_token t LEFT JOIN refresh_token next ON next.id = t.successor_id
         WHERE t.token_hash = %(token_hash)s
        """,
        token_hash=token_hash,
    )
    if row is None:
        return None
    return RefreshTokenRow(
        refresh_token_id=RefreshTokenId(row["id"]),
        consumed_at=row["consumed_at"],
        invalidated_at=row["invalidated_at"],
        successor_nonce=None if row["successor_nonce"] is None else bytes(row["successor_nonce"]),
        successor_consumed=row["successor_consumed"],
        read_at=row["read_at"],
    )


def insert_refresh_token(db: Connection, session_id: SessionId, token_hash: TokenHash) -> RefreshTokenId:
    """The family has that token, not consumed."""
    refresh_token_id = RefreshTokenId(uuid7())
    run(
        db,
        """
        INSERT INTO refresh_token (id, session_id, token_hash, issued_at)
        VALUES (%(id)s, %(session_id)s, %(token_hash)s, clock_timestamp())
        """,
        id=refresh_token_id,
        session_id=session_id,
        token_hash=token_hash,
    )
    return refresh_token_id


def consume_refresh_token(
    db: Connection, refresh_token_id: RefreshTokenId, *, successor: RefreshTokenId, nonce: bytes
) -> bool:
    """Whether the token was still current, and is now consumed in favour of its successor."""
    consumed = run(
        db,
        """
        UPDATE refresh_token
           SET consumed_at = clock_timestamp(), successor_id = %(successor)s, successor_nonce = %(nonce)s
         WHERE id = %(id)s AND consumed_at IS NULL AND invalidated_at IS NULL
        """,
        id=refresh_token_id,
        successor=successor,
        nonce=nonce,
    )
    return consumed == 1


def invalidate_family(db: Connection, session_id: SessionId) -> int:
    """No refresh token of that session works any more; how many ended now. Closes no socket by itself."""
    return run(
        db,
        """
        UPDATE refresh_token SET invalidated_at = clock_timestamp()
         WHERE session_id = %(session_id)s AND invalidated_at IS NULL
        """,
        session_id=session_id,
    )
