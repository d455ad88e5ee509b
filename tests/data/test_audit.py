"""Writing the audit trail, whatever somebody put into it."""

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.audit import AuditEvent, record_audit_event
from app.data.rows import all_rows, one_row
from app.domain.ids import RevocationId


def test_a_revocation_has_one_success_event_and_any_number_of_failures(db: Connection):
    revocation_id = RevocationId(uuid7())
    event = AuditEvent(type="session_revoke", revocation_id=revocation_id)
    failure = AuditEvent(type="session_revoke", revocation_id=revocation_id, is_success=False)

    assert record_audit_event(db, event)
    assert not record_audit_event(db, event)
    assert record_audit_event(db, failure)
    assert record_audit_event(db, failure)

    assert len(all_rows(db, "SELECT FROM audit_event")) == 3


def test_ids_that_were_chosen_by_an_attacker_are_written_as_text(db: Connection):
    hostile = "\0'; DROP TABLE session; --\ud800"

    record_audit_event(
        db,
        AuditEvent(
            type="session_revoke",
            is_success=False,
            session_id=hostile,
            ip_address=hostile,
            metadata={"attempted": hostile, hostile: 1},
        ),
    )

    row = one_row(db, "SELECT * FROM audit_event")
    assert row is not None
    assert row["session_id"] == row["ip_address"] == "?'; DROP TABLE session; --?"
    assert row["metadata"]["attempted"] == row["session_id"]
