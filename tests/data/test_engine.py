"""One transaction a session; what breaks outside becomes Unavailable, bugs stay bugs; lost races are repeated."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection, exc

from app.clock import boot_seconds
from app.config import Settings
from app.data.engine import Database
from app.data.rows import one_row, run
from app.domain.errors import Unavailable
from app.embedded.free_port import free_port
from tests.builders import Builders


def count_accounts(database: Database) -> int:
    with database.session() as db:
        row = one_row(db, "SELECT count(*) AS n FROM account")
    assert row is not None
    return int(row["n"])


def insert(db: Connection) -> None:
    run(db, "INSERT INTO account (id, email) VALUES (gen_random_uuid(), gen_random_uuid()::text)")


def insert_and_fail(db: Connection) -> None:
    insert(db)
    raise ZeroDivisionError


def test_leaving_commits_and_an_error_rolls_back(database: Database) -> None:
    with database.session() as db:
        insert(db)
    with pytest.raises(ZeroDivisionError):
        database.transact(insert_and_fail)
    assert count_accounts(database) == 1


def test_a_bug_stays_a_bug(database: Database) -> None:
    with pytest.raises(exc.ProgrammingError), database.session() as db:
        run(db, "SELECT nonsense")


@pytest.mark.parametrize("setting", ["lock_timeout", "statement_timeout", "idle_in_transaction_timeout"])
def test_the_time_outs_are_set_on_the_server(database: Database, settings: Settings, setting: str) -> None:
    name = setting.replace("idle_in_transaction", "idle_in_transaction_session")
    with database.session() as db:
        row = one_row(db, "SELECT setting::int AS ms FROM pg_settings WHERE name = %(name)s", name=name)
    assert row == {"ms": getattr(settings, setting) / timedelta(milliseconds=1)}


def test_a_statement_that_takes_too_long_is_unavailable(settings: Settings) -> None:
    database = Database(
        settings.model_copy(update={"statement_timeout": timedelta(milliseconds=50)}), application_name="t"
    )
    with pytest.raises(Unavailable), database.session() as db:
        run(db, "SELECT pg_sleep(5)")
    database.dispose()


def test_a_server_that_is_not_there_is_unavailable_in_bounded_time(settings: Settings) -> None:
    nowhere = f"postgresql://somebody@127.0.0.1:{free_port()}/nothing"
    database = Database(settings.model_copy(update={"database_url": nowhere}), application_name="t")
    began = boot_seconds()
    with pytest.raises(Unavailable), database.session() as db:
        run(db, "SELECT 1")
    assert boot_seconds() - began < 3
    database.dispose()


def test_a_killed_connection_is_unavailable_once_and_replaced(database: Database) -> None:
    with pytest.raises(Unavailable), database.session() as db:
        run(db, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert count_accounts(database) == 0
    with database.session() as db:
        run(
            db,
            """
            SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()
            """,
        )
    assert count_accounts(database) == 0


def test_the_loser_of_a_deadlock_is_tried_again(make: Builders, database: Database) -> None:
    accounts = [make.account().account_id for _ in range(2)]
    both_hold_one = threading.Barrier(2)
    tries: list[int] = []

    def lock_both(db: Connection, first: int) -> None:
        run(db, "SET LOCAL lock_timeout = '20s'")  # the deadlock is to be found first, on a busy machine too
        run(db, "UPDATE account SET display_name = 'x' WHERE id = %(id)s", id=accounts[first])
        tries.append(first)
        if len(tries) <= 2:
            both_hold_one.wait(10)
        run(db, "UPDATE account SET display_name = 'x' WHERE id = %(id)s", id=accounts[1 - first])

    threads = [threading.Thread(target=database.transact, args=(lock_both, first)) for first in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(tries) == 3


def test_what_is_unavailable_otherwise_is_not_tried_again(database: Database) -> None:
    tries: list[int] = []

    def too_slow(db: Connection) -> None:
        tries.append(1)
        run(db, "SET LOCAL statement_timeout = '10ms'")
        run(db, "SELECT pg_sleep(1)")

    with pytest.raises(Unavailable):
        database.transact(too_slow)
    assert tries == [1]


def test_options_of_the_address_are_kept(settings: Settings) -> None:
    url = settings.database_url + "?options=-c%20work_mem%3D7MB"
    database = Database(settings.model_copy(update={"database_url": url}), application_name="by this name")
    with database.session() as db:
        row = one_row(db, "SELECT current_setting('work_mem') AS m, current_setting('application_name') AS n")
    assert row == {"m": "7MB", "n": "by this name"}
    database.dispose()
