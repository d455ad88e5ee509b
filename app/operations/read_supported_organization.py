"""What somebody in a support session sees of the organization: as far as the grant goes, and on record."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.data.organization_members import Member, find_members_of
from app.data.shown_grants import SupportStanding
from app.data.support_uses import add_uses
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest
from app.operations.authorize_org_message import authorize_org_message
from app.operations.support_session_fingerprint import standing_of

__all__ = ["SupportedOrganization", "read_supported_organization"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedOrganization:
    """The organization that let them in, and its members."""

    standing: SupportStanding
    members: Page[Member]


def read_supported_organization(
    db: Connection, *, caller: Caller, page: PageRequest
) -> SupportedOrganization:
    """The grant has been read again, and this use of it is in the organization's trail and in its sums.

    Raises: Forbidden outside a support session; NotFound where the grant is over.
    """
    standing = standing_of(db, caller)
    assert caller.grant is not None
    access = authorize_org_message(
        db,
        account_id=caller.account_id,
        session_id=caller.session_id,
        grant_id=caller.grant.grant_id,
        credential_type=caller.credential_type,
        org=str(caller.grant.org_id),
        wants_write=False,
        address=caller.address,
    )
    assert access.use is not None
    add_uses(db, [access.use])
    return SupportedOrganization(standing=standing, members=find_members_of(db, access.org_id, page))
