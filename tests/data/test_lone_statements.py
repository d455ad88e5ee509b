"""A statement alone: one round trip, one transaction, and the errors of any other."""

from collections.abc import Callable

import pytest
from sqlalchemy import exc

from app.config import Settings
from app.data.engine import Database
from app.data.rows import Readable, Row, all_rows, one_row
from app.domain.errors import Invalid, Unavailable
from app.embedded.free_port import free_port
from benchmarks.stacks.round_trips import round_trips_of


def test_a_statement_alone_is_one_round_trip_and_its_row_comes_by_name(database: Database) -> None:
    rows: list[object] = []
    trips = round_trips_of(database.engine, lambda: rows.append(database.alone("SELECT %(n)s AS n", n=3)))
    assert (trips, rows) == (1, [{"n": 3}])


def test_it_is_committed_and_one_that_returns_nothing_answers_none(database: Database) -> None:
    assert database.alone("UPDATE closure_horizon SET pruned_through = %(to)s", to="7") is None
    with database.session() as db:
        assert one_row(db, "SELECT pruned_through::text AS p FROM closure_horizon") == {"p": "7"}


def test_what_fails_is_told_as_a_session_tells_it_and_its_parameters_are_hidden(database: Database) -> None:
    with pytest.raises(exc.ProgrammingError) as told:
        database.alone("SELECT nonsense, %(secret)s", secret="hush")
    assert "hush" not in str(told.value)
    assert database.alone("SELECT 1 AS n") == {"n": 1}, "the connection is good for the next"


def test_a_connection_that_ends_under_it_is_unavailable_and_replaced(database: Database) -> None:
    with pytest.raises(Unavailable):
        database.alone("SELECT pg_terminate_backend(pg_backend_pid())")
    assert database.alone("SELECT 1 AS n") == {"n": 1}


def test_what_loses_a_race_is_tried_again(database: Database) -> None:
    database.alone("CREATE SEQUENCE attempts")
    database.alone(
        """
        CREATE FUNCTION fail_once() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('attempts') = 1 THEN RAISE 'lost' USING ERRCODE = 'serialization_failure'; END IF;
        END $$
        """
    )
    database.alone("SELECT fail_once()")
    assert database.alone("SELECT last_value FROM attempts") == {"last_value": 2}


def test_the_next_transaction_on_its_connection_is_one_again(database: Database) -> None:
    database.alone("SELECT 1")
    with database.session() as db:
        one_row(db, "UPDATE closure_horizon SET pruned_through = '9' RETURNING 1")
        db.rollback()
    assert database.alone("SELECT pruned_through::text AS p FROM closure_horizon") != {"p": "9"}


def read(database: Database, sql: str) -> Row:
    def ask(db: Readable, /) -> Row:
        (row,) = all_rows(db, sql)
        return row

    return database.read(ask)


def test_a_read_is_one_round_trip_and_leaves_its_connection_as_it_was(database: Database) -> None:
    rows: list[object] = []
    trips = round_trips_of(database.engine, lambda: rows.append(read(database, "SELECT 3 AS n")))
    assert (trips, rows) == (1, [{"n": 3}])
    with database.session() as db:
        one_row(db, "UPDATE closure_horizon SET pruned_through = '9' RETURNING 1")
        db.rollback()
    assert read(database, "SELECT pruned_through::text AS p FROM closure_horizon") != {"p": "9"}


def test_a_read_that_fails_is_told_as_a_session_tells_it(database: Database) -> None:
    with pytest.raises(exc.ProgrammingError):
        read(database, "SELECT nonsense")
    with pytest.raises(Unavailable):
        read(database, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert read(database, "SELECT 1 AS n") == {"n": 1}


@pytest.mark.parametrize("ask", [lambda d: d.alone("SELECT 1 AS n"), lambda d: read(d, "SELECT 1 AS n")])
def test_a_database_that_is_away_is_unavailable(
    settings: Settings, ask: Callable[[Database], object]
) -> None:
    """Not even a connection comes about: whoever asks is told to come again, and not that there is a bug."""
    nowhere = settings.model_copy(update={"database_url": f"postgresql://127.0.0.1:{free_port()}/nowhere"})
    database = Database(nowhere, application_name="t")
    with pytest.raises(Unavailable):
        ask(database)
    database.dispose()


def test_a_text_that_cannot_be_stored_is_refused_before_it_is_sent(database: Database) -> None:
    with pytest.raises(Invalid):
        database.alone("SELECT %(text)s::text", text="a\0b")
