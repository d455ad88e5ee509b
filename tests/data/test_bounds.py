"""Bounds hold in every transaction: on a connection of one's own, and behind a pooler that shares connections."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection

from app.cli.migrate import migrate
from app.clock import boot_seconds
from app.config import Settings
from app.data.bounds import Bounds
from app.data.engine import Database
from app.data.lock_waits import bound_statements
from app.data.rows import one_row, run
from app.domain.errors import Unavailable
from app.operations.find_missing_revision import find_missing_revision
from tests.databases import TestDatabases
from tests.pgbouncer import PgBouncer, a_pgbouncer
from tests.waiting import eventually

ASKED = """
SELECT pg_backend_pid() AS pid, current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
       current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('timezone') AS zone
"""
PROMISED = {"statement": "5s", "lock": "2s", "idle": "30s", "zone": "UTC"}


@pytest.fixture
def pooled_settings(settings: Settings, pooler: PgBouncer) -> Settings:
    return settings.model_copy(update={"database_url": pooler.url})


@pytest.fixture
def pooled(pooled_settings: Settings) -> Iterator[Database]:
    database = Database(pooled_settings, application_name="pooled")
    yield database
    database.dispose()


def bounds_of(database: Database) -> dict[str, object]:
    with database.session() as db:
        row = one_row(db, ASKED)
    assert row is not None
    return {name: value for name, value in row.items() if name != "pid"}


def test_behind_a_pooler_every_transaction_has_its_bounds_on_whatever_server_connection(pooled, pooler):
    """B116."""
    for _ in range(3):
        assert bounds_of(pooled) == PROMISED
        pooler.change_server_connections()


def test_behind_a_pooler_a_statement_alone_has_its_bounds_and_is_committed(pooled, database):
    """B116."""
    asked = pooled.alone(ASKED)
    assert {name: value for name, value in asked.items() if name != "pid"} == PROMISED
    pooled.alone("UPDATE closure_horizon SET pruned_through = %(to)s", to="7")
    assert database.alone("SELECT pruned_through::text AS p FROM closure_horizon") == {"p": "7"}


def test_behind_a_pooler_a_read_has_its_bounds(pooled):
    assert pooled.read(lambda db, /: one_row(db, ASKED))["lock"] == PROMISED["lock"]


def test_a_pooler_that_drops_options_without_a_word_is_found_out(settings, database_url):
    """B116."""
    with a_pgbouncer(database_url, ignore_startup_parameters="options") as deaf:
        database = Database(settings.model_copy(update={"database_url": deaf.url}), application_name="t")
        assert bounds_of(database) == PROMISED
        database.dispose()


def test_bounds_end_with_their_transaction_so_that_nobody_else_has_them(pooled, pooler):
    assert bounds_of(pooled) == PROMISED
    with psycopg.connect(pooler.url) as somebody:
        assert somebody.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_what_somebody_else_has_set_on_a_shared_connection_does_not_count(pooled, pooler):
    for _ in range(2):  # each of the two server connections
        with psycopg.connect(pooler.url, autocommit=True) as somebody:
            somebody.execute("SET statement_timeout = 0")
    assert bounds_of(pooled) == PROMISED


def test_behind_a_pooler_a_statement_that_takes_too_long_is_unavailable_and_ends(
    pooled_settings, database_url
):
    """B116."""
    short = pooled_settings.model_copy(update={"statement_timeout": timedelta(seconds=0.1)})
    database = Database(short, application_name="t")
    with pytest.raises(Unavailable), database.session() as db:
        run(db, "SELECT pg_sleep(20)")
    database.dispose()
    with psycopg.connect(database_url) as looking:
        sleeping = "SELECT FROM pg_stat_activity WHERE query LIKE '%sleep(20)' AND state = 'active' AND datname = current_database()"
        assert looking.execute(sleeping.encode()).fetchall() == []


def test_behind_a_pooler_a_wait_for_a_lock_is_bounded(pooled_settings, database_url):
    """B116."""
    short = pooled_settings.model_copy(update={"lock_timeout": timedelta(seconds=0.1)})
    database = Database(short, application_name="t")
    with psycopg.connect(database_url) as somebody:
        somebody.execute("LOCK TABLE node")
        with pytest.raises(Unavailable) as refused, database.session() as db:
            run(db, "DELETE FROM node")
    database.dispose()
    assert isinstance(getattr(refused.value.__cause__, "orig", None), psycopg.errors.LockNotAvailable)


def test_behind_a_pooler_a_transaction_that_pauses_lets_go_of_its_rows(pooled_settings, make, database):
    """B116: what a frozen worker holds, it holds for so long."""
    brief = pooled_settings.model_copy(update={"idle_in_transaction_timeout": timedelta(seconds=0.2)})
    frozen = Database(brief, application_name="t")
    account_id, touch = make.account().account_id, "UPDATE account SET display_name = 'x' WHERE id = %(id)s"

    def pause(db: Connection) -> None:
        run(db, touch, id=account_id)
        began_at = boot_seconds()
        with database.session() as other:
            run(other, touch, id=account_id)
        assert boot_seconds() - began_at < 1.5
        run(db, touch, id=account_id)

    with pytest.raises(Unavailable):
        frozen.transact(pause)
    frozen.dispose()


def test_a_longer_bound_that_one_transaction_needs_is_its_own(pooled):
    with pooled.session() as db:
        bound_statements(db, timedelta(seconds=60))
        assert one_row(db, "SELECT current_setting('statement_timeout') AS s") == {"s": "1min"}
    assert bounds_of(pooled) == PROMISED


def test_more_callers_than_server_connections_take_turns(pooled):
    done: list[object] = []
    threads = [threading.Thread(target=lambda: done.append(bounds_of(pooled))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert done == [PROMISED] * 12


def test_a_pooler_that_drops_connections_is_unavailable_once_and_then_answers(pooled, pooler):
    """B116."""

    def be_cut_off(db: Connection) -> None:
        run(db, "SELECT 1")
        pooler.lose_server_connections()
        run(db, "SELECT 1")

    with pytest.raises(Unavailable):
        pooled.transact(be_cut_off)
    assert bounds_of(pooled) == PROMISED
    pooler.kill()
    pooler.start_again()
    eventually(lambda: _is_answered(pooled))
    assert bounds_of(pooled) == PROMISED


def _is_answered(database: Database) -> bool:
    try:
        return bool(bounds_of(database))
    except Unavailable:
        return False


def test_a_rollback_behind_a_pooler_rolls_back(pooled, make):
    account_id = make.account().account_id

    def delete_and_fail(db: Connection) -> None:
        run(db, "DELETE FROM account WHERE id = %(id)s", id=account_id)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pooled.transact(delete_and_fail)
    with pooled.session() as db:
        assert one_row(db, "SELECT id FROM account WHERE id = %(id)s", id=account_id) is not None


def test_an_empty_database_is_migrated_through_a_pooler(databases: TestDatabases, settings: Settings):
    with databases.empty() as url, a_pgbouncer(url) as pooler:
        through = settings.model_copy(update={"database_url": pooler.url})
        migrate(through)
        migrate(through)
        database = Database(through, application_name="t")
        assert database.transact(find_missing_revision) is None
        database.dispose()


def test_a_connection_of_ones_own_has_them_for_good_and_begins_as_the_driver_does(database: Database):
    with database.session() as db:
        driver_connection = db.connection.dbapi_connection
        assert driver_connection is not None
        assert not driver_connection.autocommit
    assert bounds_of(database) == PROMISED


def test_no_bound_is_ever_nought_which_would_be_none():
    bounds = Bounds(time_outs={"lock_timeout": timedelta(microseconds=1)})
    assert bounds.options == "-c lock_timeout=1ms -c timezone=UTC"
    assert bounds.begin() == "BEGIN ; SET LOCAL lock_timeout = '1ms'; SET LOCAL timezone = 'UTC'"
