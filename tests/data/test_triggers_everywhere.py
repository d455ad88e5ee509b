"""The triggers fire whoever writes: a role without rights on the log, a replica role, several transactions at once."""

import psycopg
import pytest
from sqlalchemy import Connection

from app.data.rows import all_rows, run
from app.data.triggers import TRIGGERS
from tests.builders import Builders
from tests.closure_rows import closures

OF_NOTICES = {
    "support_access_grant.support_access_told",
    "support_access_grant.support_access_truncation_told",
    "support_request.support_request_told",
    "support_use.support_use_told",
}


def test_a_role_without_rights_on_the_log_can_end_a_session(
    make: Builders, db: Connection, database_url: str
) -> None:
    """B107."""
    session = make.session()
    with psycopg.connect(database_url, autocommit=True) as connection:
        role = f"clerk_{connection.info.backend_pid}"
        connection.execute(f"CREATE ROLE {role}")
        try:
            connection.execute(f"GRANT SELECT, UPDATE ON session TO {role}")
            connection.execute(f"SET ROLE {role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT FROM closure")
            connection.execute("UPDATE session SET terminated_at = now()")
        finally:
            connection.execute("RESET ROLE")
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
    assert [each.key for each in closures(db)] == [session.token_hash]


@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        ("UPDATE session SET terminated_at = now()", ["session"]),
        ("DELETE FROM session", ["session"]),
        ("UPDATE api_token SET revoked_at = now()", ["token"]),
        ("DELETE FROM api_token", ["token"]),
        ("UPDATE account SET suspended_at = now()", ["account"]),
        ("DELETE FROM account", ["account", "session", "token"]),
        ("TRUNCATE session CASCADE", ["table"]),
    ],
)
def test_the_triggers_fire_for_a_replica_role_as_well(
    make: Builders, db: Connection, statement: str, kinds: list[str]
) -> None:
    """B105."""
    make.api_token()
    run(db, "SET LOCAL session_replication_role = replica")
    run(db, statement)
    assert [each.kind for each in closures(db)] == kinds


def test_every_trigger_is_always_enabled(db: Connection) -> None:
    """Also those of the tables that people touch by hand; a missing one would be a hole that nobody sees."""
    rows = all_rows(
        db,
        """
        SELECT c.relname || '.' || t.tgname AS name, t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE NOT t.tgisinternal
        """,
    )
    assert {row["name"] for row in rows if row["tgenabled"] != "A"} == set()
    assert {row["name"] for row in rows} == {*TRIGGERS, *OF_NOTICES}


def test_a_function_of_the_caller_cannot_slip_into_the_triggers(make: Builders, db: Connection) -> None:
    """SECURITY DEFINER with a search path of its own: a temporary table named like one of ours is not used."""
    session = make.session()
    run(db, "CREATE TEMPORARY TABLE closure (x int)")
    run(db, "UPDATE session SET terminated_at = now()")
    keys = [row["target_key"] for row in all_rows(db, "SELECT target_key FROM public.closure")]
    assert keys == [session.token_hash]
