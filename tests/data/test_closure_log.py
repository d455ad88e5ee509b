"""The log and its cursor: whatever the order of ids and commits, each committed closure comes exactly once."""

import psycopg
from sqlalchemy import Connection

from app.data.closure_log import closure_from
from app.data.engine import Database
from app.data.rows import all_rows, one_row, run
from app.domain.closing import Reason
from app.domain.targets import TargetKind
from tests.builders import Builders, MadeSession
from tests.closure_rows import Tail


def end(db: Connection, session: MadeSession) -> None:
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=session.session_id)


def test_a_first_poll_takes_the_snapshot_only(make: Builders, database: Database, db: Connection) -> None:
    end(db, make.session())
    db.commit()
    assert Tail(database).poll() == []


def test_a_late_commit_with_a_lower_number_is_not_skipped(
    make: Builders, database: Database, db: Connection
) -> None:
    """B108."""
    early, late = make.session(), make.session()
    tail = Tail(database)
    end(db, early)
    with database.session() as other:
        end(other, late)
    assert tail.poll() == [("session", late.token_hash)]
    numbers = all_rows(db, "SELECT target_key FROM closure ORDER BY seq")
    assert [row["target_key"] for row in numbers] == [early.token_hash, late.token_hash]
    db.commit()
    assert tail.poll() == [("session", early.token_hash)]
    assert tail.poll() == []


def test_an_end_long_after_its_transaction_took_an_id_comes_at_the_next_poll(
    make: Builders, database: Database, db: Connection
) -> None:
    """B109."""
    session = make.session()
    one_row(db, "SELECT pg_current_xact_id()")
    tail = Tail(database)
    for _ in range(20):
        make.account()
    assert tail.poll() == []
    end(db, session)
    assert tail.poll() == []
    db.commit()
    assert tail.poll() == [("session", session.token_hash)]


def test_an_unrelated_long_transaction_delays_nothing_and_doubles_nothing(
    make: Builders, database: Database, db: Connection
) -> None:
    """B110."""
    one_row(db, "SELECT pg_current_xact_id()")
    tail = Tail(database)
    for _ in range(3):
        session = make.session()
        with database.session() as other:
            end(other, session)
        assert tail.poll() == [("session", session.token_hash)]
        assert tail.poll() == []


def test_rows_and_next_snapshot_are_of_one_statement(
    make: Builders, database: Database, db: Connection
) -> None:
    """A poll within a transaction that goes on: what commits after the statement belongs to the next poll. B112."""
    first, second = make.session(), make.session()
    tail = Tail(database)
    end(db, first)
    db.commit()
    assert tail.poll() == [("session", first.token_hash)]
    end(db, second)
    db.commit()
    assert tail.poll() == [("session", second.token_hash)]


def test_what_was_rolled_back_never_comes(make: Builders, database: Database, db: Connection) -> None:
    tail = Tail(database)
    end(db, make.session())
    db.rollback()
    assert tail.poll() == []


def test_a_prepared_transaction_comes_when_it_is_committed(
    make: Builders, database: Database, database_url: str
) -> None:
    session = make.session()
    tail = Tail(database)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("BEGIN")
        connection.execute("UPDATE session SET terminated_at = now()")
        connection.execute("PREPARE TRANSACTION 'an end'")
        assert tail.poll() == []
        connection.execute("COMMIT PREPARED 'an end'")
        assert tail.poll() == [("session", session.token_hash)]


def test_more_rows_than_the_limit_are_told_as_cut_off(
    make: Builders, database: Database, db: Connection
) -> None:
    account = make.account()
    make.many_sessions(account, 5)
    tail = Tail(database)
    run(db, "UPDATE session SET terminated_at = now()")
    db.commit()
    assert tail.raw_poll(limit=4).is_cut_off
    assert not tail.raw_poll(limit=5).is_cut_off


def test_a_poll_over_a_pruned_part_is_cut_off(make: Builders, database: Database, db: Connection) -> None:
    tail = Tail(database)
    end(db, make.session())
    run(db, "UPDATE closure_horizon SET pruned_through = pg_current_xact_id()")
    db.commit()
    assert tail.raw_poll().is_cut_off


def test_a_row_of_another_cluster_is_not_read(make: Builders, database: Database, db: Connection) -> None:
    tail = Tail(database)
    end(db, make.session())
    run(db, "UPDATE closure SET system_identifier = 1")
    db.commit()
    assert tail.poll() == []


def test_an_unknown_kind_is_counted_and_the_rows_after_it_are_read(
    make: Builders, database: Database, db: Connection
) -> None:
    """B124."""
    tail = Tail(database)
    run(
        db,
        """
        INSERT INTO closure (system_identifier, action, target_kind, target_key, reason)
        SELECT system_identifier, 'close', 'planet', 'earth', 'vogons' FROM pg_control_system()
        """,
    )
    session = make.session()
    end(db, session)
    db.commit()
    poll = tail.raw_poll()
    assert poll.unknown == 1
    assert [closure.target.kind for closure in poll.closures] == [TargetKind.SESSION]


def test_an_unknown_reason_is_told_as_revoked() -> None:
    closure = closure_from(
        {
            "action": "close",
            "target_kind": "session",
            "target_key": "k",
            "reason": "vogons",
            "invalidates": ["session", "ring"],
            "xact_id": "7",
            "revocation_id": None,
            "created_at": None,
        }
    )
    assert closure is not None
    assert closure.cause.reason is Reason.REVOKED
    assert {word.value for word in closure.cause.invalidates} == {"session"}
