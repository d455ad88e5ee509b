"""`deploy/redis.acl` on a real server: each role can do its work, and nothing else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError

from app.config import Settings
from app.data.engine import Database
from app.data.rows import one_row
from app.domain.closing import Reason
from app.domain.ids import NodeId, RevocationId, TransactionId
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.embedded import scratch_folder, start_redis
from app.fanout.publisher import Publisher
from app.fanout.subscriber import Subscriber
from app.fanout.task_queue import TaskQueue
from tests.realtime.conditions import eventually as eventually_there
from tests.redis_cluster import RedisCluster
from tests.waiting import eventually
from tests.worker.conftest import StartCelery

ACL = Path(__file__).parents[2] / "deploy" / "redis.acl"
PASSWORDS = {
    "NODE_PASSWORD": "of-the-node",
    "WORKER_PASSWORD": "of-the-worker",
    "BEAT_PASSWORD": "of-the-beat",
}
SOMEBODY = RevocationId(UUID(int=1))
CLOSURE = Closure(
    action=Action.CLOSE,
    target=Target(TargetKind.SESSION, "0" * 64),
    cause=Cause(reason=Reason.REVOKED, invalidates=frozenset(), transaction=TransactionId(7)),
)


class Recorder:
    """A ConnectionCloser that writes down what it is asked for."""

    def __init__(self) -> None:
        self.sessions: list[str] = []

    def close_sockets_for_session(self, session_token_hash: str, *, cause: object = "revoked") -> int:
        self.sessions.append(session_token_hash)
        return 1

    def close_sockets_for_token(self, api_token_id: str, *, cause: object = "revoked") -> int:
        return 0

    def close_sockets_for_account(self, account_id: str, *, cause: object = "revoked") -> int:
        return 0


@pytest.fixture(scope="module")
def roles() -> Iterator[dict[str, str]]:
    """The URL of each role on a server that has the file's users."""
    with scratch_folder() as folder:
        server = start_redis(folder / "redis")
        owner = Redis.from_url(server.url)
        for line in ACL.read_text().splitlines():
            _, user, *rules = line.split()
            if user != "default":
                owner.execute_command("ACL", "SETUSER", user, *map(_filled_in, rules))
        address = f"127.0.0.1:{urlsplit(server.url).port}/0"
        yield {"owner": server.url} | {
            role: f"redis://{role}:of-the-{role}@{address}" for role in ("node", "worker", "beat")
        }
        server.kill()


def _filled_in(rule: str) -> str:
    return f">{PASSWORDS[rule[1:]]}" if rule.startswith(">") else rule


def _as(role: str, roles: dict[str, str], settings: Settings) -> Settings:
    return settings.model_copy(update={"redis_url": roles[role], "namespace": "cutoff"})


@pytest.fixture
def cluster_roles(cluster: RedisCluster) -> dict[str, str]:
    """The URL of each role on a cluster whose servers all have the file's users."""
    for server in cluster.servers:
        for line in ACL.read_text().splitlines():
            _, user, *rules = line.split()
            if user != "default":
                server.ask("ACL", "SETUSER", user, *map(_filled_in, rules))
    port = urlsplit(cluster.url).port
    return {role: f"redis://{role}:of-the-{role}@127.0.0.1:{port}" for role in ("node", "worker")}


async def test_a_node_hears_what_a_worker_publishes(roles: dict[str, str], settings: Settings) -> None:
    await _hears(_as("node", roles, settings), _as("worker", roles, settings))


async def test_a_node_hears_what_a_worker_publishes_on_the_shards_of_a_cluster(
    cluster_roles: dict[str, str], settings: Settings
) -> None:
    sharded = settings.model_copy(update={"channel_shards": 3})
    await _hears(_as("node", cluster_roles, sharded), _as("worker", cluster_roles, sharded))
    await _hears(_as("node", cluster_roles, sharded), _as("node", cluster_roles, sharded))


async def _hears(as_node: Settings, as_worker: Settings) -> None:
    """By whichever channel."""
    closer = Recorder()
    subscriber = Subscriber(
        as_node,
        node_id=NodeId(UUID(int=2)),
        closer=closer,
        ring=lambda _why: None,
        system_identifier=lambda: "1",
    )
    listening = asyncio.create_task(subscriber.run())
    await eventually_there(lambda: subscriber.is_subscribed and subscriber.last_echo_at)
    with Publisher(as_worker) as publisher:
        for _ in range(as_node.channel_shards):
            assert await asyncio.to_thread(publisher.publish, [CLOSURE], system_identifier="1")
    await eventually_there(lambda: closer.sessions == ["0" * 64] * as_node.channel_shards)
    listening.cancel()
    await asyncio.wait({listening})


async def test_a_node_publishes_what_it_performs_itself_and_enqueues_the_rest(
    roles: dict[str, str], settings: Settings
) -> None:
    as_node = _as("node", roles, settings)
    with Publisher(as_node) as publisher:
        assert await asyncio.to_thread(publisher.publish, [CLOSURE], system_identifier="1")
    queue = TaskQueue(as_node)
    assert await queue.enqueue_revocation(SOMEBODY)
    queue.close()


def test_a_worker_and_a_beat_do_their_work_without_being_refused_anything(
    roles: dict[str, str], database: Database, start_celery: StartCelery
) -> None:
    """The schedule's first tasks go through the queue and back, and both answer to `inspect ping`."""
    owner = Redis.from_url(roles["owner"])
    owner.execute_command("ACL", "LOG", "RESET")
    ours = {"CUTOFF_NAMESPACE": "cutoff"}
    start_celery(
        "worker",
        "--concurrency",
        "1",
        "--without-gossip",
        "--without-mingle",
        REDIS_URL=roles["worker"],
        **ours,
    )
    start_celery("beat", "--enable-remote-control", REDIS_URL=roles["beat"], **ours)
    eventually(lambda: _canary_has_answered(database), within_s=40)
    ping = start_celery("inspect", "ping", "--timeout", "5", REDIS_URL=roles["worker"], **ours)
    eventually(lambda: "2 nodes online" in ping.output, within_s=20)
    refused = [entry for entry in owner.acl_log() if entry["username"] in {"worker", "beat"}]
    assert not refused


def _canary_has_answered(database: Database) -> bool:
    with database.session() as db:
        row = one_row(db, "SELECT answered_at IS NOT NULL AS has_answered FROM canary")
    return row is not None and bool(row["has_answered"])


@pytest.mark.parametrize(
    ("role", "command"),
    [
        ("node", ("GET", "cutoff:anything")),
        ("node", ("SUBSCRIBE", "elsewhere:close")),
        ("node", ("PUBLISH", "elsewhere:close", "x")),
        ("node", ("BRPOP", "cutoff:revocations", "1")),
        ("node", ("CONFIG", "GET", "*")),
        ("worker", ("PUBLISH", "elsewhere:close", "x")),
        ("worker", ("GET", "elsewhere")),
        ("worker", ("FLUSHALL",)),
        ("beat", ("PUBLISH", "cutoff:close", "x")),
        ("beat", ("CLIENT", "KILL", "TYPE", "pubsub")),
        ("beat", ("KEYS", "*")),
    ],
)
def test_a_role_may_do_nothing_else(role: str, command: tuple[str, ...], roles: dict[str, str]) -> None:
    with pytest.raises(NoPermissionError):
        Redis.from_url(roles[role]).execute_command(*command)
