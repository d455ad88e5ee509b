"""An organization says where its notices are to be delivered, or has its signing secret replaced."""

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.organizations import require_org_admin
from app.data.webhooks import Webhook, find_webhook, insert_webhook, move_webhook, rotate_secret
from app.domain.caller import Caller
from app.domain.ids import OrgId
from app.domain.webhooks import SECRET_BYTES, check_webhook_url, secret_from

__all__ = ["SetWebhook", "set_webhook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWebhook:
    """The webhook, with the only copy of a new secret that there is to see; None where the secret is as before."""

    webhook: Webhook
    secret: str | None


def set_webhook(
    db: Connection,
    *,
    caller: Caller,
    org: str,
    url: str,
    rotates_secret: bool = False,
    allow_plain: bool = False,
) -> SetWebhook:
    """What the organization is told from now on is delivered there. A rotated secret is good beside the one before.

    Raises: NotFound for an unknown organization and a foreign one; Forbidden to a member; Invalid for a bad address.
    """
    organization = require_org_admin(db, caller, org)
    check_webhook_url(url, allow_plain=allow_plain)
    secret: str | None = secret_from(secrets.token_bytes(SECRET_BYTES))
    assert secret is not None
    if not insert_webhook(db, organization.org_id, url=url, secret=secret):
        move_webhook(db, organization.org_id, url=url)
        if rotates_secret:
            rotate_secret(db, organization.org_id, secret=secret)
        else:
            secret = None
    webhook = find_webhook(db, organization.org_id)
    assert webhook is not None
    _record(db, caller, organization.org_id, url=url, has_new_secret=secret is not None)
    return SetWebhook(webhook=webhook, secret=secret)


def _record(db: Connection, caller: Caller, org_id: OrgId, *, url: str, has_new_secret: bool) -> None:
    record_audit_event(
        db,
        AuditEvent(
            type="webhook_set",
            actor_id=caller.account_id,
            org_id=org_id,
            credential_type=caller.credential_type,
            ip_address=caller.address,
            metadata={"host": urlsplit(url).hostname, "has_new_secret": has_new_secret},
        ),
    )
