"""What has been revoked lately, how long that took, and what is not confirmed: for whoever watches the fleet."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.rows import all_rows, one_row
from app.domain.fleet import CloseTime, MinuteCount, OpenReceipt
from app.domain.ids import RevocationId
from app.domain.receipts import UnconfirmedNode

__all__ = ["count_by_minute", "find_close_times", "find_unconfirmed", "latest_changes"]

SHOWN_FOR = timedelta(days=1)
LATELY = timedelta(hours=1)
"""How far back a receipt is looked for that is complete, and not confirmed."""


def find_close_times(db: Connection, *, limit: int) -> tuple[CloseTime, ...]:
    """The latest revocations of a day that closed sockets whose time was measured, the oldest of them first."""
    rows = all_rows(
        db,
        """
        SELECT r.id, r.kind, r.requested_at, n.sockets, n.took
          FROM revocation r
         CROSS JOIN LATERAL (
               SELECT sum(closing + clean + aborted + already_gone)::int AS sockets, max(slowest) AS took
                 FROM receipt_node WHERE revocation_id = r.id) AS n
         WHERE n.took IS NOT NULL AND r.requested_at > statement_timestamp() - %(shown_for)s::interval
         ORDER BY r.requested_at DESC LIMIT %(limit)s
        """,
        limit=limit,
        shown_for=SHOWN_FOR,
    )
    return tuple(
        CloseTime(
            revocation_id=RevocationId(row["id"]),
            kind=row["kind"],
            requested_at=row["requested_at"],
            sockets=row["sockets"],
            took=row["took"],
        )
        for row in reversed(rows)
    )


def count_by_minute(db: Connection, *, minutes: int) -> tuple[MinuteCount, ...]:
    """The last so many minutes, the present one included, also those in which nothing was revoked."""
    rows = all_rows(
        db,
        """
        SELECT m.minute, count(r.id)::int AS revocations
          FROM generate_series(date_trunc('minute', statement_timestamp()) - make_interval(mins => %(minutes)s - 1),
                               date_trunc('minute', statement_timestamp()), interval '1 minute') AS m(minute)
          LEFT JOIN revocation r
            ON r.requested_at >= m.minute AND r.requested_at < m.minute + interval '1 minute'
         GROUP BY m.minute ORDER BY m.minute
        """,
        minutes=minutes,
    )
    return tuple(MinuteCount(minute=row["minute"], revocations=row["revocations"]) for row in rows)


def find_unconfirmed(db: Connection, *, limit: int) -> tuple[OpenReceipt, ...]:
    """What is performed and not confirmed, the newest first: all that is open, and what was completed lately."""
    rows = all_rows(
        db,
        """
        SELECT id, kind, requested_at, completed_at IS NOT NULL AS is_complete, unconfirmed
          FROM revocation
         WHERE performed_at IS NOT NULL AND confirmed_at IS NULL
           AND (completed_at IS NULL OR requested_at > statement_timestamp() - %(lately)s::interval)
         ORDER BY requested_at DESC LIMIT %(limit)s
        """,
        lately=LATELY,
        limit=limit,
    )
    return tuple(
        OpenReceipt(
            revocation_id=RevocationId(row["id"]),
            kind=row["kind"],
            requested_at=row["requested_at"],
            is_complete=row["is_complete"],
            nodes=tuple(UnconfirmedNode.from_json(entry) for entry in row["unconfirmed"]),
        )
        for row in rows
    )


def latest_changes(db: Connection) -> str:
    """A text that changes when a revocation is asked for, closes sockets or is settled, and once a minute."""
    row = one_row(
        db,
        """
        SELECT concat_ws(' ', date_trunc('minute', statement_timestamp()), latest.id, latest.changes,
                         (SELECT count(*) FROM revocation WHERE completed_at IS NULL)) AS told
          FROM (SELECT max(id::text) AS id,
                       string_agg(concat(performed_at, completed_at, confirmed_at, closed.at), ',') AS changes
                  FROM (SELECT * FROM revocation ORDER BY requested_at DESC LIMIT 5) AS r
                 CROSS JOIN LATERAL (SELECT max(last_closed_at) AS at FROM receipt_node WHERE revocation_id = r.id) AS closed
               ) AS latest
        """,
    )
    return "" if row is None else str(row["told"])
