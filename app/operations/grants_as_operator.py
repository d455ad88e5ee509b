"""Support grants at the command line: an operator looks at any, and gives or moves one in the name of an organization's admin."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.organizations import Organization, find_organization, role_in
from app.data.shown_grants import ShownGrant, find_shown_grants
from app.data.support_grant_ends import move_grant_end
from app.data.support_grants import NewSupportGrant, SupportGrant, find_grant, insert_grant
from app.data.support_trail import database_now
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.ids import AccountId, GrantId
from app.domain.paging import Page, PageRequest
from app.domain.support_access import check_grant_end, checked_reason
from app.operations.look_as_operator import find_account_as_operator
from app.operations.save_support_grant import check_names_a_global_admin

__all__ = [
    "GrantWish",
    "give_grant_as_operator",
    "list_grants_as_operator",
    "move_grant_as_operator",
    "read_grant_as_operator",
]

OPERATOR = "cutoff grants"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantWish:
    """What is to be given. `by` is the organization's admin who has agreed, `to` a Global Admin, or None for any."""

    org: str
    by: str
    to: str | None
    reason: str
    read_only: bool


def list_grants_as_operator(
    db: Connection, *, org: str | None, only_usable: bool, page: PageRequest
) -> Page[ShownGrant]:
    """Grants of that organization, or of all, newest first. Raises: NotFound for an unknown organization."""
    org_id = None if org is None else _organization(db, org).org_id
    return find_shown_grants(db, org_id=org_id, only_usable=only_usable, page=page)


def read_grant_as_operator(db: Connection, grant_id: GrantId) -> ShownGrant:
    """That grant, usable or over. Raises: NotFound."""
    found = find_shown_grants(db, grant_id=grant_id, page=PageRequest(limit=1)).items
    if not found:
        raise NotFound("support_grant")
    return found[0]


def give_grant_as_operator(
    db: Connection,
    wish: GrantWish,
    *,
    expires_at: datetime | None,
    lasts: timedelta | None,
    maximum: timedelta,
) -> GrantId:
    """The organization lets them in until then, or for that long; the trail says that an operator wrote it down.

    Raises: NotFound, Invalid as for an admin of the organization; Forbidden where `by` is none.
    """
    organization = _organization(db, wish.org)
    giver = _admin_of(db, organization, wish.by)
    admin = None if wish.to is None else find_account_as_operator(db, wish.to)
    check_names_a_global_admin(db, admin)
    grant = insert_grant(
        db,
        NewSupportGrant(
            org_id=organization.org_id,
            granted_by=giver,
            admin_account_id=admin,
            reason=checked_reason(wish.reason),
            read_only=wish.read_only,
            expires_at=_checked_end(db, expires_at, lasts, maximum),
        ),
    )
    _record(db, "support_grant_save", giver, grant)
    return grant.grant_id


def move_grant_as_operator(
    db: Connection,
    grant_id: GrantId,
    *,
    by: str,
    expires_at: datetime | None,
    lasts: timedelta | None,
    maximum: timedelta,
) -> None:
    """It ends then, or that long from now, instead.

    Raises: NotFound; Forbidden where `by` is no admin of its organization; Invalid; Conflict for one that is over.
    """
    grant = find_grant(db, grant_id)
    if grant is None:
        raise NotFound("support_grant")
    mover = _admin_of(db, _organization(db, str(grant.org_id)), by)
    until = _checked_end(db, expires_at, lasts, maximum)
    if not move_grant_end(db, grant_id, org_id=grant.org_id, expires_at=until):
        raise Conflict("grant_is_over")
    moved = find_grant(db, grant_id)
    assert moved is not None
    _record(db, "support_grant_update", mover, moved)


def _organization(db: Connection, org: str) -> Organization:
    found = find_organization(db, org)
    if found is None:
        raise NotFound("organization")
    return found


def _admin_of(db: Connection, organization: Organization, name: str) -> AccountId:
    account_id = find_account_as_operator(db, name)
    if role_in(db, organization.org_id, account_id) != "admin":
        raise Forbidden("org_admin")
    return account_id


def _checked_end(
    db: Connection, expires_at: datetime | None, lasts: timedelta | None, maximum: timedelta
) -> datetime:
    now = database_now(db)
    until = now + (lasts or timedelta(0)) if expires_at is None else expires_at
    check_grant_end(until, now=now, maximum=maximum)
    return until


def _record(db: Connection, event_type: str, actor: AccountId, grant: SupportGrant) -> None:
    record_audit_event(
        db,
        AuditEvent(
            type=event_type,
            actor_id=actor,
            account_id=grant.admin_account_id,
            grant_id=grant.grant_id,
            org_id=grant.org_id,
            ip_address=OPERATOR,
            metadata={
                "expires_at": grant.expires_at.isoformat(),
                "read_only": grant.read_only,
                "source": "operator",
            },
        ),
    )
