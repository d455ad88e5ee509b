"""How many round trips a crowd takes, what its events may hold, and who was performed together."""

from dataclasses import replace

import pytest
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.performing import Stood
from app.data.performing_together import companions_of, end_waiting, finish_all
from app.domain.ids import RevocationId
from app.operations.revocation_event import event_of
from benchmarks.stacks.round_trips import round_trips_of
from tests.builders import Builders
from tests.operations.performing import Facts
from tests.operations.waiting_crowd import Asked, crowd_of, let_them_wait

AT_MOST = 10


@pytest.fixture
def facts(database: Database) -> Facts:
    return Facts(database)


@pytest.fixture
def asked(database: Database, facts: Facts, make: Builders) -> list[Asked]:
    waiting = crowd_of(database, make, 4)
    let_them_wait(facts, *waiting)
    return waiting


def test_all_of_them_end_in_one_transaction_and_are_finished_in_one_round_trip(
    database: Database, facts: Facts, asked: list[Asked]
) -> None:
    standings = end_waiting(database, asked[0].revocation_id, at_most=AT_MOST)
    assert {standing.stood for standing in standings} == {Stood.ENDED}
    assert facts.value("SELECT count(DISTINCT xact_id) FROM closure") == 1
    events = [event for standing in standings if (event := event_of(standing.revocation)) is not None]

    assert round_trips_of(database.engine, lambda: finish_all(database, events, are_published=True)) == 1

    assert all(len(facts.successes(each.revocation_id)) == 1 for each in asked)


def test_finishing_twice_appends_one_event_each_and_the_first_instants_stay(
    database: Database, facts: Facts, asked: list[Asked]
) -> None:
    standings = end_waiting(database, asked[0].revocation_id, at_most=AT_MOST)
    events = [event for standing in standings if (event := event_of(standing.revocation)) is not None]
    finish_all(database, events, are_published=True)
    before = [facts.revocation(each.revocation_id) for each in asked]
    finish_all(database, events, are_published=True)
    assert [facts.revocation(each.revocation_id) for each in asked] == before
    assert all(len(facts.successes(each.revocation_id)) == 1 for each in asked)


@pytest.mark.parametrize("address", ["a\0b", "half \ud800", 'say "it"', "back\\slash \\u0000"])
def test_an_event_holds_what_came_from_outside_as_one_alone_would(
    database: Database, facts: Facts, asked: list[Asked], address: str
) -> None:
    (standing, *_) = end_waiting(database, asked[0].revocation_id, at_most=AT_MOST)
    event = event_of(standing.revocation)
    assert event is not None
    finish_all(database, [replace(event, ip_address=address)], are_published=False)
    (row,) = facts.successes(standing.revocation.revocation_id)
    assert row["ip_address"] == address.replace("\0", "?").replace("\ud800", "?")


def test_companions_are_those_of_the_same_transaction_that_are_finished(
    database: Database, facts: Facts, asked: list[Asked]
) -> None:
    first = end_waiting(database, asked[0].revocation_id, at_most=3)
    end_waiting(database, asked[0].revocation_id, at_most=3)
    mine, finished, unfinished = (standing.revocation for standing in first)
    for revocation in (mine, finished):
        event = event_of(revocation)
        assert event is not None
        finish_all(database, [event], are_published=True)

    assert companions_of(database, mine.revocation_id) == (finished.revocation_id,)
    assert set(companions_of(database, unfinished.revocation_id)) == {
        mine.revocation_id,
        finished.revocation_id,
    }
    assert companions_of(database, RevocationId(uuid7())) == ()
