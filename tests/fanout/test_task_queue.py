import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator

import pytest
import uuid_utils.compat as uuid_utils
from redis import Redis
from redis.exceptions import RedisError

from app.config import Settings
from app.domain.ids import RevocationId
from app.embedded import RedisServer
from app.fanout import task_queue
from app.fanout.task_queue import (
    PERFORM_REVOCATION,
    PRUNE,
    REVOCATIONS,
    TASK_ROUTES,
    UPKEEP,
    TaskQueue,
    broker_options,
    celery_settings,
)
from tests.fanout.conftest import settings_for
from tests.fanout.listening import eventually, lag_measured

BOUND_S = 1.0
LAG_BOUND_S = 0.2


@pytest.fixture
def settings(redis: RedisServer) -> Settings:
    return settings_for(redis.url, enqueue_timeout=BOUND_S)


@pytest.fixture
async def tasks(settings: Settings) -> AsyncIterator[TaskQueue]:
    tasks = TaskQueue(settings)
    yield tasks
    tasks.close()


async def enqueues(tasks: TaskQueue) -> bool:
    return await tasks.enqueue_revocation(RevocationId(uuid_utils.uuid7()))


async def test_a_task_is_queued_by_name_as_json_under_the_namespace(
    tasks: TaskQueue, settings: Settings, redis: RedisServer
) -> None:
    revocation_id = RevocationId(uuid_utils.uuid7())
    assert await tasks.enqueue_revocation(revocation_id)
    with Redis.from_url(redis.url) as client:
        (raw,) = client.lrange(f"{settings.namespace}:{REVOCATIONS}", 0, -1)
    message = json.loads(raw)
    assert message["content-type"] == "application/json"
    assert message["headers"]["task"] == PERFORM_REVOCATION
    assert message["headers"]["eta"] is None
    assert json.loads(base64.b64decode(message["body"]))[0] == [str(revocation_id)]


async def test_a_sweep_sends_in_its_own_thread_to_the_queue_of_upkeep(
    tasks: TaskQueue, settings: Settings, redis: RedisServer
) -> None:
    tasks.send(PRUNE)
    with Redis.from_url(redis.url) as client:
        assert client.llen(f"{settings.namespace}:{UPKEEP}") == 1


async def test_a_broker_that_refuses_is_answered_at_once(tasks: TaskQueue, redis: RedisServer) -> None:
    """B69."""
    redis.kill()
    start = time.monotonic()
    async with lag_measured() as lags:
        assert not await enqueues(tasks)
    assert time.monotonic() - start < BOUND_S
    assert max(lags) < LAG_BOUND_S


@pytest.mark.parametrize("is_warm", [False, True])
async def test_a_frozen_broker_is_answered_within_the_bound_and_the_loop_runs_on(
    tasks: TaskQueue, redis: RedisServer, is_warm: bool
) -> None:
    """B70."""
    if is_warm:
        assert await enqueues(tasks)
    redis.freeze()
    start = time.monotonic()
    async with lag_measured() as lags:
        assert await asyncio.gather(*(enqueues(tasks) for _ in range(20))) == [False] * 20
    assert time.monotonic() - start < BOUND_S + 0.5
    assert max(lags) < LAG_BOUND_S


@pytest.mark.parametrize("is_warm", [False, True])
async def test_a_broker_that_was_frozen_takes_tasks_again(
    tasks: TaskQueue, redis: RedisServer, is_warm: bool
) -> None:
    if is_warm:
        assert await enqueues(tasks)
    redis.freeze()
    assert not any(await asyncio.gather(*(enqueues(tasks) for _ in range(5))))
    redis.thaw()
    assert await enqueues(tasks)
    assert all(await asyncio.gather(*(enqueues(tasks) for _ in range(8))))


def test_a_sweep_that_sends_to_a_frozen_broker_is_told_within_the_bound(
    settings: Settings, redis: RedisServer
) -> None:
    tasks = TaskQueue(settings)
    redis.freeze()
    start = time.monotonic()
    with pytest.raises(RedisError):
        tasks.send(PRUNE)
    assert time.monotonic() - start < BOUND_S + 0.5
    tasks.close()


async def test_a_broker_that_was_restarted_takes_tasks_again_without_a_failure(
    tasks: TaskQueue, redis: RedisServer
) -> None:
    assert all(await asyncio.gather(*(enqueues(tasks) for _ in range(4))))
    redis.kill()
    redis.start_again()
    assert all(await asyncio.gather(*(enqueues(tasks) for _ in range(4))))


async def test_more_than_can_wait_is_refused_at_once(
    settings: Settings, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_queue, "PENDING_TASKS", 2)
    tasks = TaskQueue(settings)
    redis.freeze()
    waiting = [asyncio.create_task(enqueues(tasks)) for _ in range(10)]
    await eventually(lambda: sum(task.done() for task in waiting) >= 6, within_s=BOUND_S / 2)
    assert not any(await asyncio.gather(*waiting))
    tasks.close()


async def test_a_caller_that_is_cancelled_is_cancelled(tasks: TaskQueue, redis: RedisServer) -> None:
    redis.freeze()
    caller = asyncio.create_task(enqueues(tasks))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_closing_is_bounded_while_the_broker_hangs(settings: Settings, redis: RedisServer) -> None:
    tasks = TaskQueue(settings_for(redis.url, enqueue_timeout=30))
    redis.freeze()
    caller = asyncio.create_task(enqueues(tasks))
    await asyncio.sleep(0)
    start = time.monotonic()
    await asyncio.to_thread(tasks.close)
    assert time.monotonic() - start < task_queue.CLOSE_WITHIN_S + 0.5
    caller.cancel()
    redis.thaw()
    assert not await enqueues(tasks), "a closed queue takes nothing"


def test_every_task_has_its_queue_and_nothing_is_retried_or_delayed(settings: Settings) -> None:
    shared = celery_settings(settings)
    assert {route["queue"] for route in TASK_ROUTES.values()} == {REVOCATIONS, UPKEEP}
    assert shared["accept_content"] == ["json"]
    assert shared["task_publish_retry"] is False
    assert broker_options(settings)["global_keyprefix"] == f"{settings.namespace}:"


@pytest.mark.parametrize(
    ("url", "spelt"),
    [
        ("redis://h:1/2", "redis://h:1/2"),
        ("unix:///run/redis.sock?db=1", "redis+socket:///run/redis.sock?db=1"),
        ("rediss://h:1/2", "rediss://h:1/2?ssl_cert_reqs=required"),
        ("rediss://h:1/2?ssl_cert_reqs=none", "rediss://h:1/2?ssl_cert_reqs=none"),
    ],
)
def test_the_address_is_spelt_as_kombu_does(url: str, spelt: str) -> None:
    assert celery_settings(settings_for(url))["broker_url"] == spelt


@pytest.mark.parametrize("scheme", ["unix", "redis+socket"])
def test_a_socket_file_is_found_in_either_spelling(scheme: str) -> None:
    tasks = TaskQueue(settings_for("redis://nowhere", celery_broker_url=f"{scheme}:///run/redis.sock"))
    assert tasks._redis.connection_pool.connection_kwargs["path"] == "/run/redis.sock"
    tasks.close()
