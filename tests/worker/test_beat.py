"""Real beats and a real worker: what the clock ends is recorded, once, and nothing piles up."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis as redis_client

from app.config import Settings
from app.data.engine import Database
from app.fanout.task_queue import REVOCATIONS, UPKEEP
from app.operations.end_own_session import end_own_session
from tests.builders import Builders
from tests.operations.performing import Facts
from tests.waiting import eventually
from tests.worker.conftest import CeleryProcess

pytestmark = pytest.mark.timeout(120)
SOON = timedelta(milliseconds=50)
EVERY_FEW_SECONDS = {
    "worker.tasks.canary",
    "worker.tasks.deliver_webhooks",
    "worker.tasks.expire_credentials",
    "worker.tasks.expire_support_grants",
    "worker.tasks.resume_mass_revocations",
    "worker.tasks.resume_revocations",
    "worker.tasks.settle_receipts",
}


def test_two_beats_and_a_worker_record_each_end_once_and_resume_what_was_lost(
    database: Database,
    facts: Facts,
    make: Builders,
    start_worker: Callable[..., CeleryProcess],
    start_beat: Callable[[], CeleryProcess],
):
    """B242."""
    organization = make.organization()
    admin = make.session(make.account(is_global_admin=True))
    make.grant(organization, lifetime=timedelta(seconds=1))
    make.support_session(organization, admin)
    make.session(lifetime=SOON, absolute_lifetime=SOON)
    make.api_token(lifetime=timedelta(seconds=1))
    lost = make.session()
    with database.session() as db:
        requested = end_own_session(db, caller=lost.caller, session_id=lost.session_id)
    by_hand = make.session()
    facts.run("UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=by_hand.session_id)

    start_worker("--concurrency", "2")
    beats = [start_beat(), start_beat()]

    eventually(
        lambda: facts.value("SELECT count(*) = 5 FROM revocation WHERE audited_at IS NOT NULL"), within_s=40
    )
    eventually(
        lambda: facts.value("SELECT count(*) = 5 FROM revocation WHERE confirmed_at IS NOT NULL"), within_s=20
    )
    eventually(lambda: facts.value("SELECT answered_at IS NOT NULL FROM canary"))
    sources = facts.rows("SELECT source, kind, count(*) AS times FROM revocation GROUP BY 1, 2 ORDER BY 1, 2")
    assert [tuple(row.values()) for row in sources] == [
        ("direct", "session_revoke", 1),
        ("expiry", "session_expire", 1),
        ("expiry", "support_grant_end", 1),
        ("expiry", "token_expire", 1),
        ("request", "session_revoke", 1),
    ]
    assert facts.value("SELECT count(*) = 5 FROM audit_event WHERE revocation_id IS NOT NULL")
    assert facts.value("SELECT count(*) = 5 FROM closure WHERE action = 'close'")
    assert len(facts.successes(requested.revocation_id)) == 1
    for beat in beats:
        assert beat.stop() == 0


def test_beat_leaves_no_file_behind_and_its_messages_expire(
    settings: Settings, start_beat: Callable[[], CeleryProcess], database: Database
):
    beat = start_beat()
    broker = redis_client.Redis.from_url(settings.redis_url)
    upkeep, revocations = (f"{settings.namespace}:{name}" for name in (UPKEEP, REVOCATIONS))

    def messages() -> list[Any]:
        texts = broker.lrange(upkeep, 0, -1) + broker.lrange(revocations, 0, -1)
        return [json.loads(text) for text in texts]

    eventually(
        lambda: {message["headers"]["task"] for message in messages()} == EVERY_FEW_SECONDS, within_s=40
    )

    headers = [message["headers"] for message in messages()]
    assert all(each["expires"] and each["eta"] is None for each in headers)
    assert "celerybeat-schedule" not in beat.output
    broker.close()
