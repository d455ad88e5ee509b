"""A task performs its own revocation, then what waits beside it, whose tasks find that done."""

from functools import partial

import pytest

from app.config import Settings
from app.data.engine import Database
from benchmarks.stacks.round_trips import round_trips_of
from tests.builders import Builders
from tests.operations.performing import Facts, RecordingPublisher
from tests.operations.waiting_crowd import Asked, crowd_of, let_them_wait
from worker.crowd import ALONE_FOR_S, Crowd


@pytest.fixture
def publisher(settings: Settings) -> RecordingPublisher:
    return RecordingPublisher(settings)


@pytest.fixture
def crowd(database: Database, publisher: RecordingPublisher) -> Crowd:
    return Crowd(database, publisher)


def finished(facts: Facts, asked: list[Asked]) -> list[bool]:
    return [facts.revocation(each.revocation_id)["audited_at"] is not None for each in asked]


def test_one_alone_takes_two_round_trips(database: Database, crowd: Crowd, make: Builders) -> None:
    (mine,) = crowd_of(database, make, 1)
    assert round_trips_of(database.engine, lambda: crowd.perform(mine.revocation_id)) == 2


def test_a_task_says_its_own_first_and_the_others_together(
    database: Database, publisher: RecordingPublisher, facts: Facts, crowd: Crowd, make: Builders
) -> None:
    asked = crowd_of(database, make, 4)
    let_them_wait(facts, *asked)

    crowd.perform(asked[2].revocation_id)

    own, others = publisher.messages
    assert [str(closure.cause.revocation_id) for closure in own] == [str(asked[2].revocation_id)]
    assert len(others) == 3
    assert all(finished(facts, asked))


def test_the_tasks_of_the_others_ask_nobody(
    database: Database, publisher: RecordingPublisher, facts: Facts, crowd: Crowd, make: Builders
) -> None:
    asked = crowd_of(database, make, 3)
    let_them_wait(facts, *asked)
    crowd.perform(asked[0].revocation_id)

    for each in asked[1:]:
        assert round_trips_of(database.engine, partial(crowd.perform, each.revocation_id)) == 0
    assert round_trips_of(database.engine, lambda: crowd.perform(asked[1].revocation_id)) > 0, "once each"
    assert len(publisher.messages) == 2


def test_another_process_looks_once_for_all_of_them(
    database: Database, publisher: RecordingPublisher, facts: Facts, crowd: Crowd, make: Builders
) -> None:
    asked = crowd_of(database, make, 4)
    let_them_wait(facts, *asked)
    crowd.perform(asked[0].revocation_id)
    another = Crowd(database, publisher)

    another.perform(asked[1].revocation_id)

    for each in asked[2:]:
        assert round_trips_of(database.engine, partial(another.perform, each.revocation_id)) == 0
    assert len(publisher.messages) == 2


def test_what_was_left_unfinished_beside_another_is_not_remembered(
    database: Database, publisher: RecordingPublisher, facts: Facts, crowd: Crowd, make: Builders
) -> None:
    """A sweep sends it again: whoever remembered it as done would drop it."""
    asked = crowd_of(database, make, 3)
    let_them_wait(facts, *asked)
    crowd.perform(asked[0].revocation_id)
    unfinished = asked[2].revocation_id
    facts.run(
        "UPDATE revocation SET audited_at = NULL, performed_at = performed_at - interval '5 seconds' WHERE id = %(id)s",
        id=unfinished,
    )
    another = Crowd(database, publisher)
    another.perform(asked[1].revocation_id)

    another.perform(unfinished)

    assert all(finished(facts, asked))


def test_where_they_cannot_be_performed_together_each_goes_alone_for_a_while(
    database: Database,
    publisher: RecordingPublisher,
    facts: Facts,
    crowd: Crowd,
    make: Builders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("worker.crowd.boot_seconds", lambda: now[0])
    asked = crowd_of(database, make, 5)
    let_them_wait(facts, *asked)
    facts.run(
        "ALTER TABLE session ADD CONSTRAINT refuses"
        f" CHECK (terminated_at IS NULL OR id <> '{asked[4].session.session_id}') NOT VALID"
    )

    crowd.perform(asked[0].revocation_id)
    assert finished(facts, asked) == [True, False, False, False, False]
    crowd.perform(asked[1].revocation_id)
    facts.run("ALTER TABLE session DROP CONSTRAINT refuses")
    crowd.perform(asked[2].revocation_id)
    assert finished(facts, asked) == [True, True, True, False, False]

    now[0] += ALONE_FOR_S
    crowd.perform(asked[3].revocation_id)
    assert all(finished(facts, asked))
