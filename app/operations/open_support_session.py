"""A Global Admin begins to work in an organization, under a grant that it gave."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.device_names import device_name, stored_user_agent
from app.data.organizations import find_organization
from app.data.session_rows import NewSession, insert_session
from app.data.support_grants import SupportGrant, find_usable_grant
from app.data.support_uses import insert_use
from app.domain.caller import Caller
from app.domain.credentials import SECRET_BYTES, TokenKind, hash_token, token_from
from app.domain.errors import NotFound
from app.domain.ids import GrantId, SessionId
from app.domain.permissions import require_global_admin, require_own_session
from app.domain.support_access import checked_reason
from app.operations.issuing import take_issue_instant

__all__ = ["OpenedSupportSession", "open_support_session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSupportSession:
    """A session for the grant's organization only, with the only copy of its token that there is."""

    session_id: SessionId
    session_token: str
    expires_at: datetime
    grant: SupportGrant


def open_support_session(
    db: Connection,
    *,
    caller: Caller,
    org: str,
    grant_id: GrantId | None = None,
    purpose: str | None = None,
    lifetime: timedelta,
    address: str,
    user_agent: str,
) -> OpenedSupportSession:
    """The session lives for `lifetime` at most, without refresh, and ends with its grant, wherever that end is moved.

    The organization sees who works there and what for: `purpose`, or the grant's reason where none is given.

    Raises: Forbidden without an own session of a Global Admin; NotFound where no grant lets this one in; Unauthenticated
    if the session or account has ended meanwhile.
    """
    require_own_session(caller)
    require_global_admin(caller)
    device = device_name(user_agent)
    issued_at = take_issue_instant(db, caller)
    grant = _usable_grant(db, caller, org, grant_id)
    meant_for = grant.reason if purpose is None else checked_reason(purpose, field="purpose")
    token = token_from(TokenKind.SESSION, secrets.token_bytes(SECRET_BYTES))
    session = NewSession(
        account_id=caller.account_id,
        token_hash=hash_token(token),
        issued_at=issued_at,
        expires_at=issued_at + lifetime,
        absolute_expires_at=issued_at + lifetime,
        user_agent=stored_user_agent(user_agent),
        device=device,
        ip_address=address,
        grant_id=grant.grant_id,
    )
    session_id = insert_session(db, session)
    insert_use(
        db,
        session_id,
        grant_id=grant.grant_id,
        org_id=grant.org_id,
        account_id=caller.account_id,
        purpose=meant_for,
    )
    _record(db, caller, session_id, grant, purpose=meant_for, address=address)
    return OpenedSupportSession(
        session_id=session_id,
        session_token=token,
        expires_at=min(session.expires_at, grant.expires_at),
        grant=grant,
    )


def _usable_grant(db: Connection, caller: Caller, org: str, grant_id: GrantId | None) -> SupportGrant:
    organization = find_organization(db, org)
    if organization is None:
        raise NotFound("support_grant")
    grant = find_usable_grant(db, org_id=organization.org_id, admin=caller.account_id, grant_id=grant_id)
    if grant is None:
        raise NotFound("support_grant")
    return grant


def _record(
    db: Connection, caller: Caller, session_id: SessionId, grant: SupportGrant, *, purpose: str, address: str
) -> None:
    record_audit_event(
        db,
        AuditEvent(
            type="sign_in_as_support",
            actor_id=caller.account_id,
            account_id=caller.account_id,
            session_id=session_id,
            grant_id=grant.grant_id,
            org_id=grant.org_id,
            credential_type=caller.credential_type,
            ip_address=address,
            metadata={"purpose": purpose},
        ),
    )
