"""Programs that set up an installation may run twice."""

from sqlalchemy import Connection

from app.data.rows import all_rows, run
from app.operations.ensure_account import ensure_account
from tests.builders import Builders
from tests.closure_rows import closures


def test_an_account_is_made_once_and_gets_the_latest_password(db: Connection):
    first = ensure_account(db, email="Ann@demo.example", display_name="ann", password_hash="one")
    again = ensure_account(
        db, email="ann@demo.example", display_name="other", password_hash="two", is_global_admin=True
    )
    assert first == again
    (row,) = all_rows(db, "SELECT display_name, password_hash, is_global_admin FROM account")
    assert dict(row) == {"display_name": "ann", "password_hash": "two", "is_global_admin": False}


def test_its_sessions_live_on(make: Builders, db: Connection):
    session = make.session()
    (row,) = all_rows(db, "SELECT email FROM account")
    assert ensure_account(db, email=row["email"], display_name="", password_hash="new") == session.account_id
    assert closures(db) == []


def test_a_deleted_account_keeps_nobody_from_its_address(db: Connection):
    first = ensure_account(db, email="ann@demo.example", display_name="", password_hash="one")
    run(db, "UPDATE account SET deleted_at = clock_timestamp()")
    assert ensure_account(db, email="ann@demo.example", display_name="", password_hash="two") != first
