"""What an organization's admin, and a Global Admin, see of support access: everything that one page shows."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.data.notices import Notice, find_notices
from app.data.organizations import Organization, require_org_admin
from app.data.shown_grants import ShownGrant, find_shown_grants
from app.data.support_requests import SupportRequest, find_requests
from app.data.support_uses import RecordedUse, find_uses
from app.data.webhooks import Webhook, find_webhook
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest
from app.domain.permissions import require_global_admin

__all__ = [
    "SupportAccess",
    "SupportDoors",
    "show_support_access",
    "show_support_doors",
]

EARLIER_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportAccess:
    """An organization's: who is let in, who asks, who came, what was told, and where that is delivered."""

    organization: Organization
    usable: Page[ShownGrant]
    grants: Page[ShownGrant]
    requests: Page[SupportRequest]
    uses: Page[RecordedUse]
    notices: Page[Notice]
    webhook: Webhook | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportDoors:
    """A Global Admin's: which organizations let them in, and what they have asked for."""

    grants: Page[ShownGrant]
    requests: Page[SupportRequest]


def show_support_access(
    db: Connection, *, caller: Caller, org: str, uses: PageRequest, notices: PageRequest
) -> SupportAccess:
    """For an organization's admin. Raises: NotFound for an unknown organization and a foreign one; Forbidden."""
    organization = require_org_admin(db, caller, org)
    org_id, some = organization.org_id, PageRequest(limit=EARLIER_SHOWN)
    return SupportAccess(
        organization=organization,
        usable=find_shown_grants(db, org_id=org_id, only_usable=True, page=PageRequest()),
        grants=find_shown_grants(db, org_id=org_id, page=some),
        requests=find_requests(db, org_id=org_id, requested_by=None, page=some),
        uses=find_uses(db, org_id, uses),
        notices=find_notices(db, org_id, notices),
        webhook=find_webhook(db, org_id),
    )


def show_support_doors(
    db: Connection, *, caller: Caller, grants: PageRequest, requests: PageRequest
) -> SupportDoors:
    """For a Global Admin. Raises: Forbidden to others."""
    require_global_admin(caller)
    return SupportDoors(
        grants=find_shown_grants(db, usable_by=caller.account_id, page=grants),
        requests=find_requests(db, org_id=None, requested_by=caller.account_id, page=requests),
    )
