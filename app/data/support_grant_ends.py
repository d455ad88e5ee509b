"""How a support access grant ends: moved, revoked, or by the clock. The sessions opened under it end with it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from app.data.rows import all_rows, run
from app.domain.ids import AccountId, GrantId, OrgId

__all__ = ["expire_grants", "lock_due_grants", "move_grant_end", "revoke_grant"]


def move_grant_end(db: Connection, grant_id: GrantId, *, org_id: OrgId, expires_at: datetime) -> bool:
    """The grant ends then; False if the organization has no such grant, or it is over already."""
    moved = run(
        db,
        """
        UPDATE support_access_grant SET expires_at = %(expires_at)s
         WHERE id = %(grant_id)s AND org_id = %(org_id)s AND revoked_at IS NULL
           AND expired_at IS NULL AND expires_at > clock_timestamp()
        """,
        grant_id=grant_id,
        org_id=org_id,
        expires_at=expires_at,
    )
    return moved == 1


def revoke_grant(db: Connection, grant_id: GrantId, *, by: AccountId | None) -> bool:
    """The grant has ended, by trigger with the sessions opened under it; False if it was over before."""
    revoked = run(
        db,
        """
        UPDATE support_access_grant SET revoked_at = least(clock_timestamp(), expires_at), revoked_by = %(by)s
         WHERE id = %(grant_id)s AND revoked_at IS NULL AND expired_at IS NULL AND expires_at > clock_timestamp()
        """,
        grant_id=grant_id,
        by=by,
    )
    if revoked:
        _invalidate_chains_under(db, [grant_id])
    return revoked == 1


def lock_due_grants(db: Connection, limit: int) -> tuple[GrantId, ...]:
    """Grants whose end has come and is not recorded yet, locked; those that somebody else works on are skipped."""
    rows = all_rows(
        db,
        """
        SELECT id FROM support_access_grant
         WHERE revoked_at IS NULL AND expired_at IS NULL AND expires_at <= clock_timestamp()
         ORDER BY expires_at LIMIT %(limit)s
           FOR NO KEY UPDATE SKIP LOCKED
        """,
        limit=limit,
    )
    return tuple(GrantId(row["id"]) for row in rows)


def expire_grants(db: Connection, grant_ids: Collection[GrantId]) -> int:
    """The ends of those that are due are recorded, and the sessions opened under them have ended; how many grants."""
    expired = all_rows(
        db,
        """
        UPDATE support_access_grant SET expired_at = clock_timestamp()
         WHERE id = ANY(%(ids)s::uuid[]) AND revoked_at IS NULL AND expired_at IS NULL AND expires_at <= clock_timestamp()
        RETURNING id
        """,
        ids=list(grant_ids),
    )
    ids = [GrantId(row["id"]) for row in expired]
    run(
        db,
        """
        UPDATE session SET terminated_at = clock_timestamp(), end_reason = 'support_access_ended'
         WHERE grant_id = ANY(%(ids)s::uuid[]) AND terminated_at IS NULL
        """,
        ids=ids,
    )
    _invalidate_chains_under(db, ids)
    return len(ids)


def _invalidate_chains_under(db: Connection, grant_ids: Collection[GrantId]) -> None:
    """Support sessions have no refresh chain; one that was made by hand ends with them."""
    run(
        db,
        """
        UPDATE refresh_token t SET invalidated_at = clock_timestamp()
          FROM session s
         WHERE s.id = t.session_id AND s.grant_id = ANY(%(ids)s::uuid[]) AND t.invalidated_at IS NULL
        """,
        ids=list(grant_ids),
    )
