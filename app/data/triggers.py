"""Whether the closure log's triggers are in place and enabled: without one, an ending would pass unnoticed."""

from sqlalchemy import Connection

from app.data.rows import all_rows

__all__ = ["missing_triggers"]

TRIGGERS = (
    "account.account_purged",
    "account.account_stamped",
    "account.account_truncated",
    "account.account_updated",
    "api_token.api_token_deleted",
    "api_token.api_token_truncated",
    "api_token.api_token_updated",
    "audit_event.audit_guard",
    "session.session_deleted",
    "session.session_truncated",
    "session.session_updated",
    "support_access_grant.support_access_grant_deleted",
    "support_access_grant.support_access_grant_truncated",
    "support_access_grant.support_access_grant_updated",
)

ENABLED = """
SELECT c.relname || '.' || t.tgname AS name
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND c.relnamespace = 'public'::regnamespace
"""


def missing_triggers(db: Connection) -> tuple[str, ...]:
    """The triggers, as `table.name`, that are missing or not enabled for every session; none when all is well."""
    enabled = {row["name"] for row in all_rows(db, ENABLED)}
    return tuple(name for name in TRIGGERS if name not in enabled)
