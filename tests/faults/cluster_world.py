"""A fleet whose doorbell is a Redis Cluster: two nodes and a worker with a shard for each master; tasks queue on a Redis of their own."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from app.clock import boot_seconds
from app.config import Settings
from app.data.engine import Database
from app.data.rows import all_rows
from app.domain.caller import Caller
from app.domain.ids import SessionId
from app.embedded import PostgresServer, RedisServer, scratch_folder, start_postgres, start_redis
from app.fanout.publisher import Publisher
from app.operations.end_own_session import end_own_session
from app.operations.perform import perform
from tests.builders import MadeAccount, MadeSession
from tests.faults.world import World
from tests.redis_cluster import MASTERS, RedisCluster
from tests.soak.light_socket import LightSocket, Place

PERFORMERS = 4
SESSIONS, SOCKETS, BYSTANDERS = 1_000, 200, 60
ACCOUNTS = 20
"""Of the sessions without a socket: as rows they are quickly made."""
OPEN_AT_ONCE = 40
LOOK_EVERY_S = 0.01
CLOSED_WITHIN_S = 30.0

T = TypeVar("T")


class ClusterWorld(World):
    """`settings` are those of whoever publishes beside the fleet."""

    def __init__(
        self, folder: Path, postgres: PostgresServer, broker: RedisServer, cluster: RedisCluster
    ) -> None:
        super().__init__(folder, postgres, broker)
        self.cluster = cluster
        changes = {
            "redis_url": cluster.url,
            "celery_broker_url": broker.url,
            "channel_shards": MASTERS,
            "pool_size": PERFORMERS,
        }
        self.settings = Settings.model_validate({**self.settings.model_dump(), **changes})

    def environment(
        self, variables: Mapping[str, str] | None = None, *, over_lines: bool = False
    ) -> dict[str, str]:
        ours = {
            "REDIS_URL": self.cluster.url,
            "CELERY_BROKER_URL": self.redis.url,
            "CUTOFF_CHANNEL_SHARDS": str(MASTERS),
        }
        return super().environment({**ours, **(variables or {})}, over_lines=over_lines)

    async def heal(self) -> None:
        await asyncio.to_thread(self.cluster.heal)
        await super().heal()


@contextmanager
def running_cluster_world(cluster: RedisCluster) -> Iterator[ClusterWorld]:
    with scratch_folder() as folder:
        postgres, broker = start_postgres(folder / "postgres", durable=False), start_redis(folder / "redis")
        world = ClusterWorld(folder, postgres, broker, cluster)
        try:
            world.start()
            yield world
        finally:
            world.stop()
            broker.kill()
            postgres.kill()


@dataclass(slots=True)
class Held:
    """A socket, and when it was seen to have closed."""

    session: MadeSession
    socket: LightSocket
    closed_at: float | None = None


class Storm:
    """A thousand revocations by a few performers at once; some of the sessions have a socket on one of the nodes."""

    def __init__(self, world: ClusterWorld) -> None:
        self._world = world
        self._database = Database(world.settings, application_name="storm")
        self._publisher = Publisher(world.settings)
        self._threads = ThreadPoolExecutor(PERFORMERS)
        self.held: list[Held] = []
        self.bystanders: list[Held] = []
        self.endings: list[tuple[Caller, SessionId]] = []
        self.performed = 0

    @property
    def failures(self) -> int:
        """How many messages no shard took."""
        return self._publisher.failures

    async def enter(self, *, sessions: int, sockets: int, bystanders: int) -> None:
        make = self._world.make
        with_sockets = await self._in_threads(lambda _: make.session(), sockets + bystanders)
        self.held = await self._opened(with_sockets[:sockets])
        self.bystanders = await self._opened(with_sockets[sockets:])
        owners = await self._in_threads(lambda _: make.session(), ACCOUNTS)
        others = await self._in_threads(
            lambda number: self._others_of(owners[number], (sessions - sockets) // ACCOUNTS), ACCOUNTS
        )
        self.endings = [(each.session.caller, each.session.session_id) for each in self.held]
        self.endings += [ending for endings in others for ending in endings]
        random.shuffle(self.endings)

    async def rage(self) -> None:
        """Each session ends and is performed, as a worker does it."""
        watching = asyncio.create_task(self._watch())
        await self._in_threads(lambda number: self._end(*self.endings[number]), len(self.endings))
        await asyncio.wait_for(watching, CLOSED_WITHIN_S)

    async def lives_s(self) -> list[float]:
        """How long each socket lived on after the commit that ended its session, shortest first."""
        ages = await self._world.hands.value(
            "SELECT jsonb_object_agg(target_id, extract(epoch FROM clock_timestamp() - performed_at)) FROM revocation"
            " WHERE kind = 'session_revoke' AND performed_at IS NOT NULL"
        )
        now = boot_seconds()
        lives = [
            (now if each.closed_at is None else each.closed_at) - (now - ages[str(each.session.session_id)])
            for each in self.held
        ]
        return sorted(lives)

    async def all_bystanders_speak(self) -> bool:
        before = [each.socket.answered for each in self.bystanders]
        for each in self.bystanders:
            each.socket.echo()
        gives_up_at = boot_seconds() + 10
        while boot_seconds() < gives_up_at:
            answered = [each.socket.answered for each in self.bystanders]
            if all(now > then for now, then in zip(answered, before, strict=True)):
                return True
            await asyncio.sleep(LOOK_EVERY_S)
        return False

    async def leave(self) -> None:
        for each in (*self.held, *self.bystanders):
            each.socket.leave()
        self._threads.shutdown()
        self._publisher.close()
        self._database.dispose()

    def _others_of(self, owner: MadeSession, count: int) -> list[tuple[Caller, SessionId]]:
        account = MadeAccount(account_id=owner.account_id, email="", is_global_admin=False)
        self._world.make.many_sessions(account, count)
        with self._database.session() as db:
            rows = all_rows(
                db,
                "SELECT id FROM session WHERE account_id = %(account)s AND id <> %(owner)s",
                account=owner.account_id,
                owner=owner.session_id,
            )
        return [(owner.caller, row["id"]) for row in rows]

    def _end(self, caller: Caller, session_id: SessionId) -> None:
        asked = self._database.transact(end_own_session, caller=caller, session_id=session_id)
        perform(self._database, self._publisher, asked.revocation_id)
        self.performed += 1

    async def _watch(self) -> None:
        """Until the last one has closed, or it is too late for it."""
        open_ones = list(self.held)
        while open_ones:
            now = boot_seconds()
            for each in open_ones:
                each.closed_at = None if each.socket.code is None else now
            open_ones = [each for each in open_ones if each.closed_at is None]
            await asyncio.sleep(LOOK_EVERY_S)

    async def _opened(self, sessions: Sequence[MadeSession]) -> list[Held]:
        nodes = itertools.cycle(self._world.nodes)
        held: list[Held] = []
        for start in range(0, len(sessions), OPEN_AT_ONCE):
            some = sessions[start : start + OPEN_AT_ONCE]
            places = [Place("", session.token, next(nodes).websocket) for session in some]
            sockets = await asyncio.gather(*map(LightSocket.open, places))
            held += map(Held, some, sockets)
        return held

    async def _in_threads(self, work: Callable[[int], T], count: int) -> list[T]:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(self._threads, work, n) for n in range(count)))


@asynccontextmanager
async def a_storm(world: ClusterWorld) -> AsyncIterator[Storm]:
    """Everybody is there, and it has not begun."""
    storm = Storm(world)
    try:
        await storm.enter(sessions=SESSIONS, sockets=SOCKETS, bystanders=BYSTANDERS)
        yield storm
    finally:
        await storm.leave()
