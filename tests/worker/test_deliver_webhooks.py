"""A real worker, a real beat and a real receiver: what an organization is told arrives there."""

import json
from collections.abc import Callable

import pytest

from app.data.engine import Database
from app.fanout import task_queue
from app.fanout.task_queue import TaskQueue
from app.operations.end_own_session import end_own_session
from app.operations.set_webhook import set_webhook
from tests.builders import Builders, MadeOrganization
from tests.operations.performing import Facts
from tests.waiting import eventually
from tests.worker.conftest import CeleryProcess
from tests.worker.receiving import Receiver, a_receiver

pytestmark = pytest.mark.timeout(120)
DEVELOPMENT = {"CUTOFF_ENV": "development", "CUTOFF_WEBHOOK_PRIVATE_ADDRESSES": "true"}


def set_up(database: Database, make: Builders, receiver: Receiver) -> MadeOrganization:
    organization = make.organization()
    database.transact(
        set_webhook,
        caller=organization.admin.caller,
        org=organization.slug,
        url=receiver.url,
        allow_plain=True,
    )
    return organization


def test_it_arrives_also_after_a_failure(
    database: Database,
    facts: Facts,
    make: Builders,
    start_worker: Callable[..., CeleryProcess],
    queue: TaskQueue,
):
    with a_receiver(500) as receiver:
        organization = set_up(database, make, receiver)
        make.grant(organization)
        worker = start_worker(**DEVELOPMENT)
        queue.send(task_queue.DELIVER_WEBHOOKS)
        eventually(lambda: facts.value("SELECT last_problem FROM webhook_delivery") == "status_500")
        facts.run("UPDATE webhook_delivery SET next_attempt_at = now()")
        queue.send(task_queue.DELIVER_WEBHOOKS)
        eventually(lambda: facts.value("SELECT delivered_at IS NOT NULL FROM webhook_delivery"))
        assert [json.loads(each.body)["type"] for each in receiver.got] == ["support_access.given"] * 2
        secret = facts.value("SELECT secret FROM webhook")
        assert secret not in worker.output
        assert worker.stop() == 0


def test_beat_wakes_it(
    database: Database,
    make: Builders,
    start_worker: Callable[..., CeleryProcess],
    start_beat: Callable[[], CeleryProcess],
):
    with a_receiver() as receiver:
        make.grant(set_up(database, make, receiver))
        start_worker(**DEVELOPMENT)
        start_beat()
        eventually(lambda: len(receiver.got) == 1, within_s=40)


def test_a_receiver_that_never_answers_keeps_no_revocation_waiting(
    database: Database,
    facts: Facts,
    make: Builders,
    start_worker: Callable[..., CeleryProcess],
    queue: TaskQueue,
):
    """One worker process for everything, and it is at the webhook."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        receiver = Receiver(silent.getsockname()[1])
        make.grant(set_up(database, make, receiver))
        start_worker(**DEVELOPMENT)
        queue.send(task_queue.DELIVER_WEBHOOKS)
        eventually(lambda: facts.value("SELECT attempts = 1 FROM webhook_delivery"))
        session = make.session()
        with database.session() as db:
            asked = end_own_session(db, caller=session.caller, session_id=session.session_id)
        queue.send(task_queue.PERFORM_REVOCATION, str(asked.revocation_id))
        eventually(lambda: facts.revocation(asked.revocation_id)["audited_at"] is not None, within_s=4)
        assert facts.value("SELECT last_problem IS NULL FROM webhook_delivery")
