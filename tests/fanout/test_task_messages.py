import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from redis import Redis

from app.config import Settings
from app.embedded import RedisServer
from app.fanout.task_messages import task_message
from app.fanout.task_queue import (
    CANARY,
    PERFORM_REVOCATION,
    RUN_MASS_REVOCATION,
    TASK_ROUTES,
    celery_settings,
)
from tests.fanout.conftest import settings_for

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ONE_OF_ITS_OWN = {
    "headers": ("id", "root_id", "origin"),
    "properties": ("correlation_id", "reply_to", "delivery_tag"),
}


@pytest.fixture
def settings(redis: RedisServer) -> Settings:
    return settings_for(redis.url)


@pytest.fixture
def celery(settings: Settings) -> Iterator[Celery]:
    app = Celery("beside", set_as_current=False)
    app.conf.update(celery_settings(settings))
    yield app
    app.close()


def read(message: bytes) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads(message)
    return {**envelope, "body": json.loads(base64.b64decode(envelope["body"]))}


def without_its_own(message: dict[str, Any]) -> dict[str, Any]:
    return {
        part: {name: value for name, value in fields.items() if name not in ONE_OF_ITS_OWN[part]}
        if part in ONE_OF_ITS_OWN
        else fields
        for part, fields in message.items()
    }


@pytest.mark.parametrize(
    ("task", "args"),
    [(PERFORM_REVOCATION, ["an id"]), (RUN_MASS_REVOCATION, ["a job", "a lease"]), (CANARY, [])],
)
@pytest.mark.parametrize("trace", [None, TRACE])
def test_it_is_field_for_field_what_celery_itself_sends(
    *, celery: Celery, settings: Settings, redis: RedisServer, task: str, args: list[str], trace: str | None
) -> None:
    queue = TASK_ROUTES[task]["queue"]
    celery.send_task(task, args=tuple(args), headers=None if trace is None else {"traceparent": trace})
    with Redis.from_url(redis.url) as client:
        (theirs,) = client.lrange(f"{settings.namespace}:{queue}", 0, -1)
    ours = read(task_message(task, args, queue=queue, trace=trace))
    assert without_its_own(ours) == without_its_own(read(theirs))
    for part, names in ONE_OF_ITS_OWN.items():
        assert set(names) <= set(ours[part]) & set(read(theirs)[part])


def test_each_message_is_another_one() -> None:
    messages = [read(task_message(CANARY, [], queue="revocations", trace=None)) for _ in range(2)]
    for name in ("id", "root_id"):
        assert len({message["headers"][name] for message in messages}) == 2
    assert len({message["properties"]["delivery_tag"] for message in messages}) == 2
    for message in messages:
        own = message["headers"]["id"]
        assert own == message["headers"]["root_id"] == message["properties"]["correlation_id"]
