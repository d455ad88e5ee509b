"""The seed's repository: sessions, their refresh chains, and the storage of support access grants."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.data import support_grant_ends, support_grants
from app.data.open_sockets import SOCKETS_ON_SESSION
from app.data.refresh_families import invalidate_family
from app.data.rows import Row, all_rows, run
from app.domain.closing import Reason
from app.domain.ids import AccountId, GrantId, SessionId
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = ["ActiveSession", "SessionRepository"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveSession:
    """A live session as a person sees it; `grant_id` marks a support session. `sockets` as the nodes told last."""

    session_id: SessionId
    account_id: AccountId
    device: str
    ip_address: str
    issued_at: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    last_active_at: datetime
    grant_id: GrantId | None
    sockets: int


class SessionRepository:
    """Sessions and support access grants within one transaction, which the caller commits.

    What it ends is written to the closure log by the database itself.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db

    def find_active_sessions_by_user(self, user_id: AccountId, page: PageRequest) -> Page[ActiveSession]:
        """The account's live sessions, newest first: not ended, by no stamp either, and not expired."""
        rows = all_rows(
            self._db,
            f"""
            SELECT s.*, {SOCKETS_ON_SESSION} AS sockets
              FROM session s JOIN account a ON a.id = s.account_id
              LEFT JOIN support_access_grant g ON g.id = s.grant_id
             WHERE a.id = %(user_id)s AND a.suspended_at IS NULL AND a.deleted_at IS NULL
               AND s.terminated_at IS NULL AND s.expires_at > statement_timestamp()
               AND s.issued_at > coalesce(a.sessions_ended_at, '-infinity')
               AND (s.grant_id IS NULL OR (g.revoked_at IS NULL AND g.expires_at > statement_timestamp()))
               AND (%(after_at)s::timestamptz IS NULL
                    OR (s.issued_at, s.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
             ORDER BY s.issued_at DESC, s.id DESC
             LIMIT %(page_limit)s
            """,  # noqa: S608 - a constant
            user_id=user_id,
            **page.parameters,
        )
        return page_of(rows, page, item=_active, position=lambda row: Position(row["issued_at"], row["id"]))

    def terminate_session(self, session_id: SessionId, *, reason: Reason = Reason.SESSION_REVOKED) -> bool:
        """The session and its refresh chain have ended; True if the session ended now, not before."""
        ended = run(
            self._db,
            """
            UPDATE session SET terminated_at = clock_timestamp(), end_reason = %(reason)s
             WHERE id = %(session_id)s AND terminated_at IS NULL
            """,
            session_id=session_id,
            reason=reason,
        )
        self.invalidate_refresh_token_chain(session_id)
        return ended == 1

    def terminate_all_sessions_by_user(
        self,
        user_id: AccountId,
        *,
        reason: Reason = Reason.ALL_SESSIONS_REVOKED,
        issued_up_to: datetime | None = None,
        sparing: SessionId | None = None,
    ) -> int:
        """The account's sessions issued up to that instant (None: up to now) have ended, chains included, but `sparing`.

        Returns how many ended now. Waits for rows that somebody else has locked, in the order of their ids.
        """
        row = all_rows(
            self._db,
            """
            WITH ending AS MATERIALIZED (
                SELECT id FROM session
                 WHERE account_id = %(user_id)s AND terminated_at IS NULL
                   AND issued_at <= coalesce(%(issued_up_to)s::timestamptz, 'infinity')
                   AND id IS DISTINCT FROM %(sparing)s::uuid
                 ORDER BY id FOR NO KEY UPDATE
            ), ended AS (
                UPDATE session s SET terminated_at = clock_timestamp(), end_reason = %(reason)s
                  FROM ending WHERE s.id = ending.id AND s.terminated_at IS NULL
                RETURNING s.id
            ), invalidated AS (
                UPDATE refresh_token t SET invalidated_at = clock_timestamp()
                  FROM ended WHERE t.session_id = ended.id AND t.invalidated_at IS NULL
            )
            SELECT count(*) AS ended_now FROM ended
            """,
            user_id=user_id,
            reason=reason,
            issued_up_to=issued_up_to,
            sparing=sparing,
        )[0]
        return int(row["ended_now"])

    def invalidate_refresh_token_chain(self, session_id: SessionId) -> int:
        """No refresh token of the session works any more; how many ended now. Closes no socket by itself."""
        return invalidate_family(self._db, session_id)

    def save_support_access_grant(self, grant: support_grants.NewSupportGrant) -> support_grants.SupportGrant:
        """The grant is stored, and returned as stored. Its end is the caller's to check."""
        return support_grants.insert_grant(self._db, grant)

    def find_support_access_grant(self, grant_id: GrantId) -> support_grants.SupportGrant | None:
        """The grant, usable or over; None for an unknown id."""
        return support_grants.find_grant(self._db, grant_id)

    def revoke_support_access_grant(self, grant_id: GrantId, *, by: AccountId | None) -> bool:
        """The grant and the sessions opened under it have ended; False if it was revoked or over before."""
        return support_grant_ends.revoke_grant(self._db, grant_id, by=by)

    def find_due_support_access_grants(self, limit: int) -> tuple[GrantId, ...]:
        """Grants whose end has come and is not recorded yet, locked; those that somebody else works on are skipped."""
        return support_grant_ends.lock_due_grants(self._db, limit)

    def expire_support_access_grant(self, grant_id: GrantId) -> bool:
        """The end of a due grant is recorded and its sessions have ended; False if it was before, or is not due."""
        return support_grant_ends.expire_grants(self._db, [grant_id]) == 1

    def expire_due_support_access_grants(self, limit: int) -> int:
        """The ends of up to `limit` due grants are recorded and their sessions have ended; how many grants."""
        return support_grant_ends.expire_grants(self._db, self.find_due_support_access_grants(limit))


def _active(row: Row) -> ActiveSession:
    return ActiveSession(
        session_id=SessionId(row["id"]),
        account_id=AccountId(row["account_id"]),
        device=row["device"],
        ip_address=row["ip_address"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        absolute_expires_at=row["absolute_expires_at"],
        last_active_at=row["last_active_at"],
        grant_id=None if row["grant_id"] is None else GrantId(row["grant_id"]),
        sockets=row["sockets"],
    )
