"""A real worker: what it performs, what it survives, and what does nothing."""

import json
import signal
from collections.abc import Callable

import psycopg
import pytest
import redis as redis_client
from redis.exceptions import RedisError
from uuid_utils.compat import uuid7

from app.config import Settings
from app.data.engine import Database
from app.domain.ids import RevocationId
from app.embedded import RedisServer
from app.fanout import task_queue
from app.fanout.task_queue import TaskQueue
from app.operations.end_own_session import end_own_session
from app.operations.perform import perform
from tests.builders import Builders
from tests.operations.performing import Facts, RecordingPublisher
from tests.waiting import eventually
from tests.worker.conftest import CeleryProcess

StartWorker = Callable[..., CeleryProcess]
pytestmark = pytest.mark.timeout(120)


def end_a_session(database: Database, make: Builders) -> RevocationId:
    session = make.session()
    with database.session() as db:
        return end_own_session(db, caller=session.caller, session_id=session.session_id).revocation_id


def is_finished(facts: Facts, revocation_id: RevocationId) -> bool:
    return facts.revocation(revocation_id)["audited_at"] is not None


def test_a_worker_performs_publishes_and_audits_what_is_in_the_queue(
    settings: Settings,
    database: Database,
    facts: Facts,
    make: Builders,
    start_worker: StartWorker,
    queue: TaskQueue,
):
    worker = start_worker()
    revocation_id = end_a_session(database, make)
    subscriber = redis_client.Redis.from_url(settings.redis_url).pubsub()
    subscriber.psubscribe(f"{settings.namespace}:close")
    eventually(lambda: subscriber.get_message() is not None)

    queue.send(task_queue.PERFORM_REVOCATION, str(revocation_id))

    eventually(lambda: is_finished(facts, revocation_id))
    heard: list[str] = []
    eventually(lambda: bool(heard) or _hears(subscriber, heard))
    assert str(revocation_id) in heard[0]
    row = facts.revocation(revocation_id)
    assert row["performed_at"] < row["published_at"] <= row["audited_at"]
    assert facts.value("SELECT count(*) FROM session WHERE terminated_at IS NULL") == 0
    subscriber.connection_pool.disconnect()
    subscriber.close()
    assert worker.stop() == 0


def _hears(subscriber: redis_client.client.PubSub, heard: list[str]) -> bool:
    message = subscriber.get_message(ignore_subscribe_messages=True)
    if message is not None:
        heard.append(message["data"].decode())
    return message is not None


def test_a_task_delivered_three_times_at_once_ends_it_once_with_one_event(
    database: Database, facts: Facts, make: Builders, start_worker: StartWorker, queue: TaskQueue
):
    """B72."""
    revocation_id = end_a_session(database, make)
    for _ in range(3):
        queue.send(task_queue.PERFORM_REVOCATION, str(revocation_id))

    worker = start_worker("--concurrency", "3")

    eventually(
        lambda: worker.output.count("perform_revocation") >= 3 and worker.output.count("succeeded") >= 3
    )
    assert len(facts.closures()) == 1
    assert len(facts.successes(revocation_id)) == 1


def test_unknown_finished_and_malformed_tasks_do_nothing_and_the_next_one_is_performed(
    settings: Settings,
    database: Database,
    facts: Facts,
    make: Builders,
    start_worker: StartWorker,
    queue: TaskQueue,
):
    """B73, B247."""
    finished = end_a_session(database, make)
    perform(database, RecordingPublisher(settings), finished)
    before = facts.revocation(finished), facts.closures()
    worker = start_worker()

    queue.send(task_queue.PERFORM_REVOCATION, str(uuid7()))
    queue.send(task_queue.PERFORM_REVOCATION, str(finished))
    queue.send(task_queue.PERFORM_REVOCATION, "all")
    queue.send(task_queue.PERFORM_REVOCATION, "")
    queue.send(task_queue.PERFORM_REVOCATION)
    queue.send(task_queue.PERFORM_REVOCATION, str(finished), str(finished))
    queue.send("worker.tasks.of_a_newer_version", "x")
    broker = redis_client.Redis.from_url(settings.redis_url)
    broker.lpush(f"{settings.namespace}:{task_queue.REVOCATIONS}", json.dumps({"body": "?", "headers": {}}))
    broker.close()
    good = end_a_session(database, make)
    queue.send(task_queue.PERFORM_REVOCATION, str(good))

    eventually(lambda: is_finished(facts, good), within_s=30)
    assert (facts.revocation(finished), facts.closures()[:1]) == (before[0], before[1])
    assert len(facts.closures()) == 2
    assert worker.says("ready")


def test_a_worker_killed_before_the_commit_leaves_it_whole_or_not_begun_and_another_takes_it_up(
    database: Database,
    database_url: str,
    facts: Facts,
    make: Builders,
    start_worker: StartWorker,
    queue: TaskQueue,
):
    """A statement that has begun may end without its client. The sweep offers it again. B59."""
    workers = """
        SELECT count(*) FROM pg_stat_activity
         WHERE application_name = 'cutoff worker' AND datname = current_database()
    """
    revocation_id = end_a_session(database, make)
    worker = start_worker()
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM session FOR UPDATE")
        queue.send(task_queue.PERFORM_REVOCATION, str(revocation_id))
        eventually(lambda: facts.waiting_for_locks() == 1)
        worker.kill()
        assert facts.closures() == []
    eventually(lambda: facts.value(workers) == 0)
    assert len(facts.closures()) == (facts.revocation(revocation_id)["performed_at"] is not None)
    assert facts.successes(revocation_id) == []

    start_worker()
    facts.run(
        "UPDATE revocation SET requested_at = requested_at - interval '1 minute', performed_at = performed_at - interval '1 minute'"
    )
    queue.send(task_queue.RESUME_REVOCATIONS)

    eventually(lambda: is_finished(facts, revocation_id))
    assert len(facts.closures()) == 1
    assert len(facts.successes(revocation_id)) == 1


def test_a_task_that_a_restarted_broker_has_lost_is_enqueued_again_by_the_sweep(
    database: Database,
    facts: Facts,
    make: Builders,
    redis_server: RedisServer | None,
    start_worker: StartWorker,
    queue: TaskQueue,
):
    """B71."""
    if redis_server is None:
        pytest.skip("not our Redis to kill")
    start_worker()
    revocation_id = end_a_session(database, make)
    redis_server.kill()
    redis_server.start_again()
    facts.run("UPDATE revocation SET requested_at = requested_at - interval '1 minute'")

    eventually(lambda: _is_sent(queue))

    eventually(lambda: is_finished(facts, revocation_id), within_s=40)
    assert len(facts.successes(revocation_id)) == 1


def _is_sent(queue: TaskQueue) -> bool:
    try:
        queue.send(task_queue.RESUME_REVOCATIONS)
    except OSError:
        return False
    return True


def test_the_canary_is_answered_through_the_queue_of_revocations(
    facts: Facts, start_worker: StartWorker, queue: TaskQueue
):
    start_worker("--queues", task_queue.REVOCATIONS)
    before = facts.value("SELECT answered_at FROM canary")

    queue.send(task_queue.CANARY)

    eventually(lambda: facts.value("SELECT answered_at FROM canary") != before)


def test_a_worker_with_a_wrong_setting_stops_with_one_sentence_that_names_it(
    start_celery: Callable[..., CeleryProcess],
):
    worker = start_celery("worker", CUTOFF_LEASE="-1")
    assert worker._process.wait(40) != 0
    assert "CUTOFF_LEASE" in worker.output
    assert "Traceback" not in worker.output


def test_a_worker_survives_a_frozen_broker(
    database: Database,
    facts: Facts,
    make: Builders,
    redis_server: RedisServer | None,
    start_worker: StartWorker,
    queue: TaskQueue,
):
    if redis_server is None:
        pytest.skip("not our Redis to freeze")
    worker = start_worker()
    redis_server.freeze()
    for _ in range(4):  # each takes the bound of sending: together longer than the worker's own time-outs
        with pytest.raises(RedisError):
            queue.send(task_queue.CANARY)
    redis_server.thaw()
    revocation_id = end_a_session(database, make)

    queue.send(task_queue.PERFORM_REVOCATION, str(revocation_id))

    eventually(lambda: is_finished(facts, revocation_id), within_s=30)
    assert worker.says("ready")


def test_a_worker_that_is_told_to_stop_finishes_its_task_first(
    database: Database,
    database_url: str,
    facts: Facts,
    make: Builders,
    start_worker: StartWorker,
    queue: TaskQueue,
):
    revocation_id = end_a_session(database, make)
    worker = start_worker()
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM session FOR UPDATE")
        queue.send(task_queue.PERFORM_REVOCATION, str(revocation_id))
        eventually(lambda: facts.waiting_for_locks() == 1)
        worker._process.send_signal(signal.SIGTERM)
        other.rollback()
    assert worker._process.wait(30) == 0
    assert is_finished(facts, revocation_id)
