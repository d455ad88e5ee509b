"""What is on record of revocations."""

from typing import Any

from sqlalchemy import Connection

from app.data.rows import all_rows, one_row
from app.domain.revocation_request import Requested


def revocations(db: Connection) -> int:
    return len(all_rows(db, "SELECT FROM revocation"))


def revocation(db: Connection, requested: Requested) -> dict[str, Any]:
    row = one_row(db, "SELECT * FROM revocation WHERE id = %(id)s", id=requested.revocation_id)
    assert row is not None
    return dict(row)
