"""Changing a grant, and sending a message under it."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.domain.credentials import CredentialType
from app.domain.ids import GrantId
from app.operations.authorize_org_message import OrgAccess, authorize_org_message
from app.operations.update_support_grant import update_support_grant
from tests.builders import ADDRESS, MadeOrganization, MadeSession

MAXIMUM = timedelta(days=30)


def update(
    db: Connection, organization: MadeOrganization, grant_id: GrantId, expires_at: datetime
) -> datetime:
    return update_support_grant(
        db,
        caller=organization.admin.caller,
        org=organization.slug,
        grant_id=grant_id,
        expires_at=expires_at,
        maximum=MAXIMUM,
    ).expires_at


def send(db: Connection, session: MadeSession, org: str, *, write: bool = False) -> OrgAccess:
    grant = session.caller.grant
    return authorize_org_message(
        db,
        account_id=session.account_id,
        session_id=session.session_id,
        grant_id=None if grant is None else grant.grant_id,
        credential_type=CredentialType.SESSION,
        org=org,
        wants_write=write,
        address=ADDRESS,
    )
