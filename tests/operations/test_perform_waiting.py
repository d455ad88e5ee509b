"""What waits in a crowd is performed together, and each as if it had been alone."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from app.config import Settings
from app.data.engine import Database
from app.domain.ids import RevocationId
from app.domain.targets import Closure
from app.operations.perform import Performed, perform
from app.operations.perform_waiting import TOGETHER, perform_waiting
from app.operations.request_logout import request_logout
from tests.builders import Builders
from tests.operations.performing import NOT_TO_BE_PERFORMED, Facts, InThread, Killed, RecordingPublisher
from tests.operations.waiting_crowd import Asked, crowd_of, end_of, end_of_token, let_them_wait

OVERTAKEN = Performed(has_ended_now=False, is_published=False, is_audited=False)


def ids_of(asked: Sequence[Asked]) -> set[RevocationId]:
    return {each.revocation_id for each in asked}


def test_those_that_wait_are_performed_together_each_with_its_own_row_closure_and_event(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    asked = [*crowd_of(database, make, 3), end_of_token(database, make)]
    let_them_wait(facts, *asked)

    assert set(perform_waiting(database, publisher, beside=asked[0].revocation_id)) == ids_of(asked)

    (message,) = publisher.messages
    assert {(str(closure.cause.revocation_id), closure.target.key) for closure in message} == {
        (
            str(each.revocation_id),
            str(each.token.api_token_id) if each.token else each.session.token_hash,
        )
        for each in asked
    }
    assert len({closure.cause.transaction for closure in message}) == 1
    for each in asked:
        row = facts.revocation(each.revocation_id)
        assert None not in (row["performed_at"], row["published_at"], row["audited_at"])
        assert (row["sessions_ended"], row["tokens_ended"]) == ((0, 1) if each.token else (1, 0))
        (event,) = facts.successes(each.revocation_id)
        assert (event["type"], event["reason"]) == (row["kind"], row["reason"])
        assert event["account_id"] == str(each.session.account_id)
        assert event["metadata"] == {
            "sessions_ended": row["sessions_ended"],
            "tokens_ended": row["tokens_ended"],
            "grants_ended": 0,
        }
        marks = facts.rows(
            "SELECT xact_id FROM revocation_transaction WHERE revocation_id = %(id)s", id=each.revocation_id
        )
        assert len(marks) == 1
    assert facts.value("SELECT count(*) FROM revocation") == len(asked), "nothing ended under another's name"
    assert facts.value("SELECT count(DISTINCT performed_at) FROM revocation") == len(asked)
    live = "SELECT count(*) FROM refresh_token WHERE invalidated_at IS NULL AND session_id = %(id)s"
    assert {facts.value(live, id=each.session.session_id) for each in asked[:3]} == {0}
    assert facts.value(live, id=asked[3].session.session_id) == 1


def test_of_those_that_wait_the_one_that_is_asked_for_first_says_so_when_it_is_finished(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    mine, other = crowd_of(database, make, 2)
    let_them_wait(facts, mine, other)

    first = perform(database, publisher, mine.revocation_id)
    last = perform(database, publisher, other.revocation_id)

    assert first is not None
    assert last is not None
    assert (first.others_wait, last.others_wait) == (True, False)


@pytest.mark.parametrize(
    ("mine_at", "other_at"),
    [
        pytest.param("60 seconds", "60 seconds", id="just now"),
        pytest.param("-1 second", "-3 seconds", id="long before"),
        pytest.param("-3 seconds", "-1 second", id="long after"),
    ],
)
def test_what_was_asked_for_just_now_or_at_another_time_is_left_to_its_own_task(
    database: Database,
    publisher: RecordingPublisher,
    facts: Facts,
    make: Builders,
    mine_at: str,
    other_at: str,
):
    """Minutes ahead is as good as just now, and stays so for as long as this takes."""
    mine, other = crowd_of(database, make, 2)
    move = "UPDATE revocation SET requested_at = now() + %(by)s::interval WHERE id = %(id)s"
    facts.run(move, by=mine_at, id=mine.revocation_id)
    facts.run(move, by=other_at, id=other.revocation_id)

    performed = perform(database, publisher, mine.revocation_id)

    assert performed is not None
    assert not performed.others_wait
    assert perform_waiting(database, publisher, beside=mine.revocation_id) == ()
    assert len(publisher.messages) == 1


@pytest.mark.parametrize("held", ["revocation", "session", "refresh_token", "account"])
def test_what_somebody_holds_is_left_out_and_holds_up_nobody(
    database: Database,
    database_url: str,
    publisher: RecordingPublisher,
    facts: Facts,
    make: Builders,
    held: str,
):
    asked = crowd_of(database, make, 3)
    let_them_wait(facts, *asked)
    mine, locked, _free = asked
    column, value = {
        "revocation": ("id", locked.revocation_id),
        "session": ("id", locked.session.session_id),
        "refresh_token": ("session_id", locked.session.session_id),
        "account": ("id", locked.session.account_id),
    }[held]
    with psycopg.connect(database_url) as other:
        other.execute(f"SELECT FROM {held} WHERE {column} = %s FOR NO KEY UPDATE", [value])
        performing = InThread(lambda: perform_waiting(database, publisher, beside=mine.revocation_id))
        done = set(performing.result(within_s=1))

    left = set() if held == "account" else {locked.revocation_id}
    assert done == ids_of(asked) - left
    if left:
        assert facts.revocation(locked.revocation_id)["performed_at"] is None
        assert perform(database, publisher, locked.revocation_id) is not None
        assert facts.revocation(locked.revocation_id)["audited_at"] is not None


def test_what_ends_more_than_one_thing_or_is_unknown_or_over_is_left_to_its_own_task(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    mine, unknown, over, elsewhere = crowd_of(database, make, 4)
    leaving = make.session()
    with database.session() as db:
        logout = Asked(revocation_id=request_logout(db, caller=leaving.caller).revocation_id, session=leaving)
    let_them_wait(facts, mine, unknown, over, elsewhere, logout)
    facts.run("UPDATE revocation SET kind = 'session_quarantine' WHERE id = %(id)s", id=unknown.revocation_id)
    facts.run("UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=over.session.session_id)
    facts.run(
        "UPDATE revocation SET account_id = gen_random_uuid() WHERE id = %(id)s", id=elsewhere.revocation_id
    )

    assert perform_waiting(database, publisher, beside=mine.revocation_id) == (mine.revocation_id,)


def test_of_one_account_one_goes_along_at_a_time(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    account = make.account()
    asked = [end_of(database, make.session(account)) for _ in range(2)]
    let_them_wait(facts, *asked)

    first = perform_waiting(database, publisher, beside=asked[0].revocation_id)
    second = perform_waiting(database, publisher, beside=asked[0].revocation_id)

    assert (len(first), len(second)) == (1, 1)
    assert {*first, *second} == ids_of(asked)
    assert len(facts.closures()) == 2


def test_a_crowd_is_taken_in_groups(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    asked = crowd_of(database, make, TOGETHER + 1)
    let_them_wait(facts, *asked)

    done = [perform_waiting(database, publisher, beside=asked[0].revocation_id) for _ in range(3)]

    assert [len(each) for each in done] == [TOGETHER, 1, 0]


def test_two_performers_at_once_take_different_ones(
    database: Database, settings: Settings, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    asked = crowd_of(database, make, 2)
    let_them_wait(facts, *asked)
    beside = asked[0].revocation_id

    def say_while_another_looks(_: Sequence[Closure]) -> None:
        others.append(perform_waiting(database, publisher, beside=beside))
        others.append(perform(database, publisher, asked[1].revocation_id))

    others: list[object] = []
    first = RecordingPublisher(settings, before=say_while_another_looks)
    assert set(perform_waiting(database, first, beside=beside)) == ids_of(asked)

    assert others == [(), OVERTAKEN], "what has ended and is not finished is left to who ended it"
    assert publisher.messages == []
    assert len(facts.closures()) == 2
    assert [len(facts.successes(each.revocation_id)) for each in asked] == [1, 1]


def test_a_performer_killed_between_commit_and_publish_leaves_a_rest_that_each_task_can_finish(
    database: Database, settings: Settings, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    asked = crowd_of(database, make, 2)
    let_them_wait(facts, *asked)

    def die(_: Sequence[Closure]) -> None:
        raise Killed

    with pytest.raises(Killed):
        perform_waiting(database, RecordingPublisher(settings, before=die), beside=asked[0].revocation_id)
    assert perform(database, publisher, asked[0].revocation_id) == OVERTAKEN, "perhaps it lives"
    facts.run("UPDATE revocation SET performed_at = performed_at - interval '2 seconds'")

    for each in asked:
        assert perform(database, publisher, each.revocation_id) == Performed(
            has_ended_now=False, is_published=True, is_audited=True
        )
        assert len(facts.successes(each.revocation_id)) == 1
    assert len(publisher.messages) == 2


def test_events_that_the_trail_does_not_take_undo_nothing_and_are_resumed(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    asked = crowd_of(database, make, 2)
    let_them_wait(facts, *asked)
    facts.run("ALTER TABLE audit_event ADD CONSTRAINT refuses CHECK (false) NOT VALID")

    assert perform_waiting(database, publisher, beside=asked[0].revocation_id) == ()

    assert len(publisher.messages) == 1
    assert facts.value("SELECT count(*) FROM session WHERE terminated_at IS NULL") == 0
    facts.run("ALTER TABLE audit_event DROP CONSTRAINT refuses")
    facts.run("UPDATE revocation SET performed_at = performed_at - interval '2 seconds'")
    for each in asked:
        perform(database, publisher, each.revocation_id)
        assert len(facts.successes(each.revocation_id)) == 1


def test_what_redis_does_not_take_is_not_on_record_as_published(
    database: Database, settings: Settings, facts: Facts, make: Builders
):
    asked = crowd_of(database, make, 2)
    let_them_wait(facts, *asked)

    done = perform_waiting(database, RecordingPublisher(settings, takes=False), beside=asked[0].revocation_id)

    assert set(done) == ids_of(asked)
    rows = [facts.revocation(each.revocation_id) for each in asked]
    assert [(row["published_at"], row["audited_at"] is None) for row in rows] == [(None, False)] * 2


def test_each_is_a_span_of_its_own_requests_trace(
    database: Database,
    publisher: RecordingPublisher,
    facts: Facts,
    make: Builders,
    monkeypatch: pytest.MonkeyPatch,
):
    traced, untraced = crowd_of(database, make, 2)
    let_them_wait(facts, traced, untraced)
    trace = "00-" + "a1" * 16 + "-" + "b2" * 8 + "-01"
    facts.run(
        "UPDATE revocation SET traceparent = %(trace)s WHERE id = %(id)s",
        trace=trace,
        id=traced.revocation_id,
    )
    spans: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "app.operations.perform_waiting.record_span",
        lambda name, **said: spans.append({"name": name, **said}),
    )

    perform_waiting(database, publisher, beside=traced.revocation_id)

    (span,) = spans
    assert (span["name"], span["parent"]) == ("perform revocation", trace)
    assert (span["cutoff__revocation_id"], span["cutoff__together"]) == (str(traced.revocation_id), 2)
    assert facts.revocation(traced.revocation_id)["traceparent"] == trace
    assert span["began_at"] < span["ended_at"]


def test_where_one_of_them_fails_none_has_ended(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    asked = crowd_of(database, make, 2)
    let_them_wait(facts, *asked)
    facts.run(NOT_TO_BE_PERFORMED)

    with pytest.raises(IntegrityError):
        perform_waiting(database, publisher, beside=asked[0].revocation_id)

    assert (facts.closures(), publisher.messages) == ([], [])
    assert facts.value("SELECT count(*) FROM revocation_transaction") == 0
