"""Whether a message may touch an organization: decided anew for every message."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.organizations import Organization, find_organization, role_in
from app.data.support_grants import find_grant_in_use
from app.domain.credentials import CredentialType
from app.domain.errors import Forbidden, NotFound
from app.domain.ids import AccountId, GrantId, OrgId, SessionId
from app.domain.support_use import SupportUse

__all__ = ["OrgAccess", "OrgRole", "authorize_org_message"]

OrgRole: TypeAlias = Literal["member", "admin", "support"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgAccess:
    """What the sender may do in the organization, now; `use` is to be counted where it is a use of support access."""

    org_id: OrgId
    slug: str
    name: str
    role: OrgRole
    read_only: bool
    use: SupportUse | None = None


def authorize_org_message(
    db: Connection,
    *,
    account_id: AccountId,
    session_id: SessionId | None,
    grant_id: GrantId | None,
    credential_type: CredentialType,
    org: str,
    wants_write: bool,
    address: str,
) -> OrgAccess:
    """The access that the account's role gives, or, for a support session, its grant; that use is in the trail.

    A grant to read lets read, and refuses writing.

    Raises: NotFound for an unknown organization, and where the role or the grant is gone; Forbidden for writing under
    a grant to read.
    """
    organization = find_organization(db, org)
    if organization is None:
        raise NotFound("organization")
    if grant_id is None:
        return _as_member(db, organization, account_id)
    assert session_id is not None, "only sessions have a grant"
    access = _under_grant(db, organization, account_id, grant_id, session_id=session_id)
    if wants_write and access.read_only:
        raise Forbidden("write_access")
    record_audit_event(
        db,
        AuditEvent(
            type="org_message",
            actor_id=account_id,
            account_id=account_id,
            session_id=session_id,
            grant_id=grant_id,
            org_id=organization.org_id,
            credential_type=credential_type,
            ip_address=address,
            metadata={"write": wants_write},
        ),
    )
    return access


def _as_member(db: Connection, organization: Organization, account_id: AccountId) -> OrgAccess:
    role = role_in(db, organization.org_id, account_id)
    if role is None:
        raise NotFound("organization")
    return OrgAccess(
        org_id=organization.org_id,
        slug=organization.slug,
        name=organization.name,
        role="admin" if role == "admin" else "member",
        read_only=False,
    )


def _under_grant(
    db: Connection,
    organization: Organization,
    account_id: AccountId,
    grant_id: GrantId,
    *,
    session_id: SessionId,
) -> OrgAccess:
    found = find_grant_in_use(db, grant_id, org_id=organization.org_id, by=account_id)
    if found is None:
        raise NotFound("organization")
    grant, used_at = found
    return OrgAccess(
        org_id=organization.org_id,
        slug=organization.slug,
        name=organization.name,
        role="support",
        read_only=grant.read_only,
        use=SupportUse(grant_id=grant_id, session_id=session_id, account_id=account_id, used_at=used_at),
    )
