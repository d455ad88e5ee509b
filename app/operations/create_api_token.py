"""Somebody makes an API token for their account."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.data.api_tokens import ApiToken, insert_api_token
from app.data.audit import AuditEvent, record_audit_event
from app.domain.caller import Caller
from app.domain.credentials import SECRET_BYTES, TokenKind, hash_token, token_from
from app.domain.errors import Invalid
from app.domain.permissions import require_own_session
from app.operations.issuing import take_issue_instant

__all__ = ["CreatedApiToken", "create_api_token"]

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedApiToken:
    """A new API token, with the only copy of it that there is."""

    token: str
    record: ApiToken


def create_api_token(
    db: Connection, *, caller: Caller, name: str, expires_at: datetime | None = None
) -> CreatedApiToken:
    """The token is valid, issued under the account's lock; no other one ends.

    Raises: Forbidden outside an own session; Invalid for a bad name or end; Unauthenticated if the session or the
    account has ended meanwhile.
    """
    require_own_session(caller)
    name = _checked_name(name)
    issued_at = take_issue_instant(db, caller)
    _check_end(expires_at, issued_at)
    token = token_from(TokenKind.API, secrets.token_bytes(SECRET_BYTES))
    record = insert_api_token(
        db,
        caller.account_id,
        name=name,
        token_hash=hash_token(token),
        issued_at=issued_at,
        expires_at=expires_at,
    )
    _record(db, caller, record)
    return CreatedApiToken(token=token, record=record)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise Invalid("name", "empty")
    if len(name) > LONGEST_NAME:
        raise Invalid("name", f"longer_than_{LONGEST_NAME}_characters")
    if not name.isprintable():
        raise Invalid("name", "not_printable")
    return name


def _check_end(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is None:
        return
    if expires_at.tzinfo is None:
        raise Invalid("expires_at", "has_no_time_zone")
    if expires_at <= now:
        raise Invalid("expires_at", "not_in_the_future")


def _record(db: Connection, caller: Caller, record: ApiToken) -> None:
    record_audit_event(
        db,
        AuditEvent(
            type="token_create",
            actor_id=caller.account_id,
            account_id=caller.account_id,
            session_id=caller.session_id,
            api_token_id=record.api_token_id,
            credential_type=caller.credential_type,
            ip_address=caller.address,
        ),
    )
