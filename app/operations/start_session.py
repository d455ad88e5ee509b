"""The second half of signing in, after the password was verified: a session begins."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.data.accounts import take_instant
from app.data.audit import AuditEvent, record_audit_event
from app.data.device_names import device_name, stored_user_agent
from app.data.refresh_families import insert_refresh_token
from app.data.rows import one_row
from app.data.session_rows import NewSession, insert_session
from app.domain.closing import Reason
from app.domain.credentials import SECRET_BYTES, CredentialType, TokenKind, hash_token, token_from
from app.domain.errors import Unauthenticated
from app.domain.ids import AccountId, SessionId
from app.operations.find_sign_in import FoundSignIn

__all__ = ["StartedSession", "start_session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedSession:
    """A new session, with the only copy of its two tokens that there is."""

    session_id: SessionId
    account_id: AccountId
    session_token: str
    refresh_token: str
    issued_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime


def start_session(
    db: Connection,
    *,
    found: FoundSignIn,
    address: str,
    user_agent: str,
    lifetime: timedelta,
    absolute_lifetime: timedelta,
) -> StartedSession:
    """A session and its first refresh token exist, issued under the account's lock; nothing else ends.

    `found` is what the password was verified against; it must still be the account's. Raises: Unauthenticated if it
    is not, or the account is suspended.
    """
    device = device_name(user_agent)
    account_id, issued_at = _locked(db, found)
    session_token = token_from(TokenKind.SESSION, secrets.token_bytes(SECRET_BYTES))
    refresh_token = token_from(TokenKind.REFRESH, secrets.token_bytes(SECRET_BYTES))
    session = NewSession(
        account_id=account_id,
        token_hash=hash_token(session_token),
        issued_at=issued_at,
        expires_at=issued_at + min(lifetime, absolute_lifetime),
        absolute_expires_at=issued_at + absolute_lifetime,
        user_agent=stored_user_agent(user_agent),
        device=device,
        ip_address=address,
    )
    session_id = insert_session(db, session)
    insert_refresh_token(db, session_id, hash_token(refresh_token))
    _record(db, account_id, session_id, address=address)
    return StartedSession(
        session_id=session_id,
        account_id=account_id,
        session_token=session_token,
        refresh_token=refresh_token,
        issued_at=issued_at,
        expires_at=session.expires_at,
        absolute_expires_at=session.absolute_expires_at,
    )


def _locked(db: Connection, found: FoundSignIn) -> tuple[AccountId, datetime]:
    if found.account_id is None or found.password_hash is None:
        raise Unauthenticated
    issued_at = take_instant(db, found.account_id)
    account = one_row(
        db,
        "SELECT password_hash, suspended_at FROM account WHERE id = %(id)s",
        id=found.account_id,
    )
    if issued_at is None or account is None or account["password_hash"] != found.password_hash:
        raise Unauthenticated
    if account["suspended_at"] is not None:
        raise Unauthenticated(Reason.ACCOUNT_SUSPENDED)
    return found.account_id, issued_at


def _record(db: Connection, account_id: AccountId, session_id: SessionId, *, address: str) -> None:
    record_audit_event(
        db,
        AuditEvent(
            type="sign_in",
            actor_id=account_id,
            account_id=account_id,
            session_id=session_id,
            credential_type=CredentialType.SESSION,
            ip_address=address,
        ),
    )
