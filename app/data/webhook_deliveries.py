"""The outbox of webhooks: claimed, tried, and marked. At least once: a receiver knows a repetition by its id."""

import json
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.rows import Row, all_rows, one_row, run
from app.domain.ids import NoticeId, OrgId
from app.domain.webhooks import FIRST_PAUSE, LONGEST_PAUSE, signature_of

__all__ = ["Delivery", "claim_delivery", "give_up_deliveries", "mark_delivered", "mark_failed"]

CLAIMED_FOR = timedelta(minutes=1)
"""Above what an attempt may take: whoever claimed it and died leaves it to another after that."""
GIVE_UP_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt: what to send where, with its headers. Never to be logged whole: it is signed."""

    notice_id: NoticeId
    org_id: OrgId
    attempt: int
    url: str
    headers: dict[str, str]
    body: bytes


def claim_delivery(db: Connection) -> Delivery | None:
    """The next delivery that is due, which nobody else tries for a while; None when none is left."""
    row = one_row(
        db,
        """
        WITH due AS (
            SELECT d.notice_id FROM webhook_delivery d JOIN webhook w ON w.org_id = d.org_id
             WHERE d.delivered_at IS NULL AND d.given_up_at IS NULL AND d.next_attempt_at <= clock_timestamp()
             ORDER BY d.next_attempt_at LIMIT 1
               FOR NO KEY UPDATE OF d SKIP LOCKED
        ), claimed AS (
            UPDATE webhook_delivery d SET attempts = d.attempts + 1, next_attempt_at = clock_timestamp() + %(claimed)s
              FROM due WHERE d.notice_id = due.notice_id
            RETURNING d.notice_id, d.org_id, d.attempts
        )
        SELECT n.id, n.org_id, n.type, n.noticed_at, n.grant_id, n.request_id, n.facts, claimed.attempts, w.url, w.secret,
               extract(epoch FROM clock_timestamp())::bigint AS sent_at,
               CASE WHEN w.previous_secret_until > clock_timestamp() THEN w.previous_secret END AS previous_secret
          FROM claimed JOIN notice n ON n.id = claimed.notice_id JOIN webhook w ON w.org_id = claimed.org_id
        """,
        claimed=CLAIMED_FOR,
    )
    return None if row is None else _delivery(row)


def mark_delivered(db: Connection, delivery: Delivery) -> None:
    """It will not be sent again."""
    run(
        db,
        """
        UPDATE webhook_delivery SET delivered_at = clock_timestamp(), last_problem = NULL
         WHERE notice_id = %(id)s AND delivered_at IS NULL
        """,
        id=delivery.notice_id,
    )


def mark_failed(db: Connection, delivery: Delivery, *, problem: str) -> None:
    """It will be tried again, after a pause that grows with each attempt, by up to a quarter longer or shorter."""
    pause = min(FIRST_PAUSE * 4 ** min(delivery.attempt - 1, 10), LONGEST_PAUSE)
    run(
        db,
        """
        UPDATE webhook_delivery
           SET last_problem = %(problem)s, next_attempt_at = clock_timestamp() + %(pause)s * (0.75 + random() / 2)
         WHERE notice_id = %(id)s AND delivered_at IS NULL AND attempts = %(attempt)s
        """,
        id=delivery.notice_id,
        attempt=delivery.attempt,
        problem=problem,
        pause=pause,
    )


def give_up_deliveries(db: Connection, *, after: timedelta) -> int:
    """What could not be delivered for so long is not tried any more, and the organization's trail says so; how many."""
    rows = all_rows(
        db,
        """
        WITH old AS (
            SELECT notice_id FROM webhook_delivery
             WHERE delivered_at IS NULL AND given_up_at IS NULL AND created_at <= clock_timestamp() - %(after)s::interval
             LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE webhook_delivery d SET given_up_at = clock_timestamp() FROM old WHERE d.notice_id = old.notice_id
        RETURNING d.notice_id, d.org_id, d.attempts, d.last_problem
        """,
        after=after,
        limit=GIVE_UP_BATCH,
    )
    for row in rows:
        record_audit_event(
            db,
            AuditEvent(
                type="webhook_give_up",
                is_success=False,
                org_id=row["org_id"],
                reason=row["last_problem"],
                metadata={"notice_id": str(row["notice_id"]), "attempts": row["attempts"]},
            ),
        )
    return len(rows)


def _delivery(row: Row) -> Delivery:
    body = _body(row)
    secrets = [row["secret"], *([row["previous_secret"]] if row["previous_secret"] else [])]
    message_id, sent_at = str(row["id"]), int(row["sent_at"])
    return Delivery(
        notice_id=NoticeId(row["id"]),
        org_id=OrgId(row["org_id"]),
        attempt=row["attempts"],
        url=row["url"],
        headers={
            "content-type": "application/json",
            "user-agent": "Cutoff",
            "webhook-id": message_id,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": signature_of(secrets, message_id=message_id, timestamp=sent_at, body=body),
        },
        body=body,
    )


def _body(row: Row) -> bytes:
    """The same for every attempt."""
    data = {
        "org_id": str(row["org_id"]),
        "grant_id": None if row["grant_id"] is None else str(row["grant_id"]),
        "request_id": None if row["request_id"] is None else str(row["request_id"]),
        **row["facts"],
    }
    told = {"type": row["type"], "timestamp": row["noticed_at"].isoformat(), "data": data}
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
