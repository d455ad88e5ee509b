"""What an account's sessions and API tokens have come to lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from app.data.rows import Row, all_rows
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = ["RecentEnd", "find_recent_ends"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentEnd:
    """A session (`name` is its device) or API token that is over, since when, and the word for why."""

    credential_type: CredentialType
    credential_id: UUID
    name: str
    ip_address: str
    ended_at: datetime
    reason: str


def find_recent_ends(
    db: Connection, account_id: AccountId, *, within: timedelta, page: PageRequest
) -> Page[RecentEnd]:
    """What has ended or expired within that time, the last one first."""
    rows = all_rows(db, _ENDS, account_id=account_id, within=within, **page.parameters)
    return page_of(rows, page, item=_end, position=lambda row: Position(row["ended_at"], row["id"]))


def _end(row: Row) -> RecentEnd:
    return RecentEnd(
        credential_type=CredentialType(row["credential_type"]),
        credential_id=row["id"],
        name=row["name"],
        ip_address=row["ip_address"],
        ended_at=row["ended_at"],
        reason=row["reason"],
    )


# What has expired may not be recorded yet, so it is looked for among what nobody has ended.
_ENDS = """
SELECT ends.* FROM (
    SELECT 'session' AS credential_type, id, device AS name, ip_address, terminated_at AS ended_at,
           coalesce(end_reason, 'session_revoked') AS reason
      FROM session
     WHERE account_id = %(account_id)s AND terminated_at > statement_timestamp() - %(within)s::interval
    UNION ALL
    SELECT 'session', id, device, ip_address, expires_at, 'session_expired'
      FROM session
     WHERE account_id = %(account_id)s AND terminated_at IS NULL
       AND expires_at <= statement_timestamp() AND expires_at > statement_timestamp() - %(within)s::interval
    UNION ALL
    SELECT 'api_token', id, name, '', revoked_at, coalesce(end_reason, 'token_revoked')
      FROM api_token
     WHERE account_id = %(account_id)s AND revoked_at > statement_timestamp() - %(within)s::interval
    UNION ALL
    SELECT 'api_token', id, name, '', expires_at, 'token_expired'
      FROM api_token
     WHERE account_id = %(account_id)s AND revoked_at IS NULL
       AND expires_at <= statement_timestamp() AND expires_at > statement_timestamp() - %(within)s::interval
) AS ends
 WHERE %(after_at)s::timestamptz IS NULL
    OR (ends.ended_at, ends.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
 ORDER BY ends.ended_at DESC, ends.id DESC
 LIMIT %(page_limit)s
"""
