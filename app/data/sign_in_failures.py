"""Failed sign-ins, counted from the audit trail. What was typed as an e-mail address is kept as a hash only."""

from sqlalchemy import Connection

from app.data.audit import AuditEvent, record_audit_event
from app.data.rows import one_row
from app.domain.credentials import hash_token
from app.domain.ids import AccountId

__all__ = ["count_password_failures", "count_sign_in_failures", "record_sign_in_failure_event"]


def count_sign_in_failures(db: Connection, *, email: str, address: str) -> int:
    """How many sign-ins failed within the last minute: from that address or for that e-mail address, whichever is more."""
    row = one_row(
        db,
        """
        SELECT greatest(count(*) FILTER (WHERE ip_address = %(address)s),
                        count(*) FILTER (WHERE metadata ->> 'email_hash' = %(email_hash)s)) AS failures
          FROM audit_event
         WHERE type = 'sign_in' AND outcome = 'failure' AND occurred_at > clock_timestamp() - interval '1 minute'
        """,
        address=address,
        email_hash=hash_token(email),
    )
    return 0 if row is None else int(row["failures"])


def count_password_failures(db: Connection, account_id: AccountId) -> int:
    """How often, within the last minute, that account's password was to be changed with a wrong current one."""
    row = one_row(
        db,
        """
        SELECT count(*) AS failures FROM audit_event
         WHERE account_id = %(account_id)s AND type = 'password_change' AND outcome = 'failure'
           AND occurred_at > clock_timestamp() - interval '1 minute'
        """,
        account_id=str(account_id),
    )
    return 0 if row is None else int(row["failures"])


def record_sign_in_failure_event(
    db: Connection, *, email: str, account_id: AccountId | None, address: str
) -> None:
    """The failure is in the trail, and counts. A person may have typed a password as the address: only its hash is kept."""
    record_audit_event(
        db,
        AuditEvent(
            type="sign_in",
            is_success=False,
            account_id=account_id,
            reason="wrong_password",
            ip_address=address,
            metadata={"email_hash": hash_token(email)},
        ),
    )
