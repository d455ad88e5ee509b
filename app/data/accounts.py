"""Accounts: their lock, the instants given out under it, and the stamps that end credentials."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.rows import one_row, run
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, SessionId

__all__ = [
    "give_password",
    "has_live_session",
    "insert_account",
    "is_last_global_admin",
    "lock_global_admins",
    "replace_password",
    "stamp_ended",
    "take_instant",
]


def insert_account(
    db: Connection, *, email: str, display_name: str, password_hash: str | None, is_global_admin: bool
) -> AccountId | None:
    """The new account's id; None if the e-mail address is taken. It is compared in lower case."""
    account_id = AccountId(uuid7())
    inserted = run(
        db,
        """
        INSERT INTO account (id, email, display_name, password_hash, is_global_admin)
        VALUES (%(id)s, %(email)s, %(display_name)s, %(password_hash)s, %(is_global_admin)s)
        ON CONFLICT (email) WHERE deleted_at IS NULL DO NOTHING
        """,
        id=account_id,
        email=email.lower(),
        display_name=display_name,
        password_hash=password_hash,
        is_global_admin=is_global_admin,
    )
    return account_id if inserted else None


def take_instant(db: Connection, account_id: AccountId, *, only_active: bool = False) -> datetime | None:
    """The account is locked, and this instant is later than every one that was given out under its lock before.

    None if there is no such account, it is deleted, or, with `only_active`, suspended.
    """
    row = one_row(
        db,
        """
        UPDATE account SET last_instant = greatest(clock_timestamp(), last_instant + interval '1 microsecond')
         WHERE id = %(id)s AND deleted_at IS NULL AND (suspended_at IS NULL OR NOT %(only_active)s)
        RETURNING last_instant
        """,
        id=account_id,
        only_active=only_active,
    )
    return None if row is None else row["last_instant"]


def has_live_session(db: Connection, account_id: AccountId, session_id: SessionId) -> bool:
    """Whether that session of the account is alive; asked under the account's lock, no stamp can come between."""
    return (
        one_row(
            db,
            """
            SELECT s.id FROM session s JOIN account a ON a.id = s.account_id
             WHERE s.id = %(session_id)s AND a.id = %(account_id)s AND s.terminated_at IS NULL
               AND s.expires_at > clock_timestamp() AND s.issued_at > coalesce(a.sessions_ended_at, '-infinity')
            """,
            account_id=account_id,
            session_id=session_id,
        )
        is not None
    )


def replace_password(db: Connection, account_id: AccountId, *, verified_hash: str, new_hash: str) -> bool:
    """Whether the password was still the verified one, and is the new one now."""
    replaced = run(
        db,
        """
        UPDATE account SET password_hash = %(new_hash)s
         WHERE id = %(id)s AND password_hash = %(verified_hash)s
        """,
        id=account_id,
        verified_hash=verified_hash,
        new_hash=new_hash,
    )
    return replaced == 1


def give_password(db: Connection, *, email: str, password_hash: str) -> AccountId | None:
    """The account of that address signs in with that password; None if there is none."""
    row = one_row(
        db,
        """
        UPDATE account SET password_hash = %(password_hash)s
         WHERE email = %(email)s AND deleted_at IS NULL
        RETURNING id
        """,
        email=email.lower(),
        password_hash=password_hash,
    )
    return None if row is None else AccountId(row["id"])


def stamp_ended(
    db: Connection,
    account_id: AccountId,
    instant: datetime,
    *,
    types: Collection[CredentialType],
    reason: Reason,
) -> None:
    """Every credential of those types that was issued to the account up to that instant is dead, swept or not.

    One statement, hence one closure that names all the types: two would first tell the sockets of the other type
    to reconnect.
    """
    run(
        db,
        """
        UPDATE account
           SET sessions_ended_at = CASE WHEN %(sessions)s THEN %(instant)s ELSE sessions_ended_at END,
               sessions_end_reason = CASE WHEN %(sessions)s THEN %(reason)s ELSE sessions_end_reason END,
               tokens_revoked_at = CASE WHEN %(tokens)s THEN %(instant)s ELSE tokens_revoked_at END,
               tokens_end_reason = CASE WHEN %(tokens)s THEN %(reason)s ELSE tokens_end_reason END
         WHERE id = %(id)s
        """,
        id=account_id,
        instant=instant,
        reason=reason,
        sessions=CredentialType.SESSION in types,
        tokens=CredentialType.API_TOKEN in types,
    )


def lock_global_admins(db: Connection) -> None:
    """Until the end of this transaction, nobody else takes a Global Admin away."""
    run(db, "SELECT pg_advisory_xact_lock(hashtextextended('cutoff: global admins', 0))")


def is_last_global_admin(db: Connection, account_id: AccountId) -> bool:
    """Whether that account is the only Global Admin left who can sign in; asked under `lock_global_admins`."""
    row = one_row(
        db,
        """
        SELECT bool_or(id = %(id)s) AS is_one, count(*) AS admins FROM account
         WHERE is_global_admin AND suspended_at IS NULL AND deleted_at IS NULL
        """,
        id=account_id,
    )
    return row is not None and bool(row["is_one"]) and row["admins"] == 1
