"""An organization's admin looks at where its notices are delivered."""

from sqlalchemy import Connection

from app.data.organizations import require_org_admin
from app.data.webhooks import Webhook, find_webhook
from app.domain.caller import Caller
from app.domain.errors import NotFound

__all__ = ["read_webhook"]


def read_webhook(db: Connection, *, caller: Caller, org: str) -> Webhook:
    """The organization's webhook, without its secret.

    Raises: NotFound for an unknown organization, a foreign one and one without a webhook; Forbidden to a member.
    """
    found = find_webhook(db, require_org_admin(db, caller, org).org_id)
    if found is None:
        raise NotFound("webhook")
    return found
