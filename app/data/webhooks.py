"""Where an organization's notices are delivered: one address, and one or two secrets that sign."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.data.rows import one_row, run
from app.domain.ids import OrgId
from app.domain.webhooks import SECRET_OVERLAP

__all__ = ["Webhook", "delete_webhook_of", "find_webhook", "insert_webhook", "move_webhook", "rotate_secret"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address as it is shown: without its secrets. `previous_secret_until`: until then the one before signs too."""

    org_id: OrgId
    url: str
    created_at: datetime
    changed_at: datetime
    previous_secret_until: datetime | None


def find_webhook(db: Connection, org_id: OrgId) -> Webhook | None:
    """The organization's webhook; None if it has none."""
    row = one_row(
        db,
        """
        SELECT url, created_at, changed_at,
               CASE WHEN previous_secret_until > statement_timestamp() THEN previous_secret_until END AS both_until
          FROM webhook WHERE org_id = %(org_id)s
        """,
        org_id=org_id,
    )
    if row is None:
        return None
    return Webhook(
        org_id=org_id,
        url=row["url"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        previous_secret_until=row["both_until"],
    )


def insert_webhook(db: Connection, org_id: OrgId, *, url: str, secret: str) -> bool:
    """What the organization is told from now on goes there; False, and nothing changed, where it has a webhook."""
    inserted = run(
        db,
        """
        INSERT INTO webhook (org_id, url, secret) VALUES (%(org_id)s, %(url)s, %(secret)s)
        ON CONFLICT (org_id) DO NOTHING
        """,
        org_id=org_id,
        url=url,
        secret=secret,
    )
    return inserted == 1


def move_webhook(db: Connection, org_id: OrgId, *, url: str) -> None:
    """What is still to be delivered goes there, signed as before."""
    run(
        db,
        "UPDATE webhook SET url = %(url)s, changed_at = clock_timestamp() WHERE org_id = %(org_id)s",
        org_id=org_id,
        url=url,
    )


def rotate_secret(db: Connection, org_id: OrgId, *, secret: str) -> None:
    """The new secret signs, and for a while so does the one that it replaces."""
    run(
        db,
        """
        UPDATE webhook SET previous_secret = secret, previous_secret_until = clock_timestamp() + %(overlap)s,
                           secret = %(secret)s, changed_at = clock_timestamp()
         WHERE org_id = %(org_id)s
        """,
        org_id=org_id,
        secret=secret,
        overlap=SECRET_OVERLAP,
    )


def delete_webhook_of(db: Connection, org_id: OrgId) -> bool:
    """The address and its secrets are gone, and so is what was still to be delivered; False if there was none."""
    deleted = run(db, "DELETE FROM webhook WHERE org_id = %(org_id)s", org_id=org_id)
    run(
        db,
        "DELETE FROM webhook_delivery WHERE org_id = %(org_id)s AND delivered_at IS NULL AND given_up_at IS NULL",
        org_id=org_id,
    )
    return deleted == 1
