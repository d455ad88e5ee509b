"""A fleet to be broken: PostgreSQL, Redis, two nodes and a worker, each a process of its own. No beat, unless asked for.

Node 2 reaches PostgreSQL and Redis, and the worker reaches PostgreSQL, over lines that can be broken.
"""

import asyncio
import os
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from app.cli.migrate import migrate
from app.clock import boot_seconds
from app.config import Environment, Settings
from app.data.engine import Database
from app.embedded import PostgresServer, RedisServer, scratch_folder, start_postgres, start_redis
from app.fanout.task_queue import CANARY, TaskQueue
from tests.builders import Builders
from tests.faults.cast import Cast
from tests.faults.hands import Hands
from tests.faults.line import Line
from tests.faults.processes import NodeProcess, OurProcess, worker_process

READY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.02
THREADS = 64
"""Requests that hang on purpose must not keep other blocking work waiting."""
ROOT = Path(__file__).resolve().parents[2]

T = TypeVar("T")


class World:
    def __init__(self, folder: Path, postgres: PostgresServer, redis: RedisServer) -> None:
        self.folder = folder
        self.postgres = postgres
        self.redis = redis
        self.settings = Settings.model_validate(
            {
                "database_url": postgres.url,
                "redis_url": redis.url,
                "env": Environment.DEVELOPMENT,
                "bus_key": secrets.token_hex(32),
                "cookie_secure": False,
            }
        )
        migrate(self.settings)
        self.database = Database(self.settings, application_name="faults")
        self.make = Builders(self.database)
        self.hands = Hands(postgres.url)
        self.queue = TaskQueue(self.settings)
        self.postgres_line, self.redis_line = Line(postgres.port), Line(redis.port)
        self.worker_line = Line(postgres.port)
        self.nodes: tuple[NodeProcess, ...] = ()
        self.worker: OurProcess
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="world", daemon=True)

    # Life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()
        self.run(self._start())

    def stop(self) -> None:
        for process in (*self.nodes, self.worker):
            process.kill()
        self.queue.close()
        self.database.dispose()
        for line in (self.postgres_line, self.redis_line, self.worker_line):
            self.run(line.stop())
        self.run(_end_other_tasks())
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """On the world's own loop, where the lines are."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def environment(
        self, variables: Mapping[str, str] | None = None, *, over_lines: bool = False
    ) -> dict[str, str]:
        assert self.settings.bus_key is not None
        postgres, redis = self.postgres.url, self.redis.url
        if over_lines:
            postgres = postgres.replace(f":{self.postgres.port}/", f":{self.postgres_line.port}/")
            redis = redis.replace(f":{self.redis.port}/", f":{self.redis_line.port}/")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("CUTOFF_")},
            "DATABASE_URL": postgres,
            "REDIS_URL": redis,
            "CUTOFF_ENV": "development",
            "CUTOFF_BUS_KEY": self.settings.bus_key.get_secret_value(),
            "CUTOFF_COOKIE_SECURE": "false",
            "PYTHONPATH": str(ROOT),
            **(variables or {}),
        }

    async def _start(self) -> None:
        self._loop.set_default_executor(ThreadPoolExecutor(THREADS))
        for line in (self.postgres_line, self.redis_line, self.worker_line):
            await line.start()
        self.nodes = (
            NodeProcess("node-1", self.environment(), self.folder),
            NodeProcess("node-2", self.environment(over_lines=True), self.folder),
        )
        environment = self.environment()
        url = self.postgres.url.replace(f":{self.postgres.port}/", f":{self.worker_line.port}/")
        self.worker = worker_process({**environment, "DATABASE_URL": url}, self.folder)
        await self.heal()

    # For scenarios ---------------------------------------------------------------------------------------

    async def heal(self) -> None:
        """Whatever the scenario before has done: servers answer, nodes are current and hear the doorbell, and the worker works."""
        for line in (self.postgres_line, self.redis_line, self.worker_line):
            line.restore()
        for server in (self.redis, self.postgres):
            await asyncio.to_thread(server.thaw)
            await asyncio.to_thread(server.start_again)
        for process in (*self.nodes, self.worker):
            process.start()
        await asyncio.gather(*(self.until_current(node) for node in self.nodes))
        await self._until_worker_works()
        await self.hands.commit("DELETE FROM node WHERE seen_at < clock_timestamp() - interval '5 seconds'")

    async def until_current(self, node: NodeProcess) -> None:
        await self.until_status(node, "current")

    async def until_status(self, node: NodeProcess, status: str) -> None:
        await self.until(
            lambda: node.readiness().get("status") == status,
            f"{node.name} is not {status}: {node.log[-3000:]}",
        )

    async def until(
        self, holds: Callable[[], Any], problem: str, *, within_s: float = READY_WITHIN_S
    ) -> None:
        gives_up_at = boot_seconds() + within_s
        while not await asyncio.to_thread(holds):
            assert boot_seconds() < gives_up_at, problem
            await asyncio.sleep(LOOK_EVERY_S)

    async def until_value(self, query: str, *, within_s: float = 15.0, **parameters: Any) -> Any:
        """What the query answers, as soon as that is neither NULL nor false."""
        gives_up_at = boot_seconds() + within_s
        while not (value := await self.hands.value(query, **parameters)):
            assert boot_seconds() < gives_up_at, f"not in time: {query}"
            await asyncio.sleep(LOOK_EVERY_S)
        return value

    @asynccontextmanager
    async def cast(self, *, nodes: tuple[NodeProcess, ...] = (), per_node: int = 2) -> AsyncIterator[Cast]:
        """Sockets on these nodes, by default on both."""
        cast = Cast(self, nodes or self.nodes)
        try:
            await cast.enter(per_node=per_node)
            yield cast
        finally:
            await cast.leave()

    @asynccontextmanager
    async def another_node(
        self, name: str, variables: Mapping[str, str], *, over_lines: bool = False
    ) -> AsyncIterator[NodeProcess]:
        node = NodeProcess(name, self.environment(variables, over_lines=over_lines), self.folder)
        node.start()
        try:
            await self.until_current(node)
            yield node
        finally:
            node.kill()
            await self.hands.commit("DELETE FROM node WHERE name = %(name)s", name=name)

    async def _until_worker_works(self) -> None:
        """A canary that was sent now has been answered."""
        since = await self.hands.value("SELECT clock_timestamp()")
        gives_up_at = boot_seconds() + READY_WITHIN_S
        while True:
            await asyncio.to_thread(self._send_canary)
            try:
                await self.until_value(
                    "SELECT answered_at > %(since)s FROM canary", since=since, within_s=2.0
                )
                return
            except AssertionError:
                assert boot_seconds() < gives_up_at, f"no worker: {self.worker.log[-3000:]}"

    def _send_canary(self) -> None:
        try:
            self.queue.send(CANARY)
        except OSError:
            return


async def _end_other_tasks() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def running_world() -> Iterator[World]:
    """Servers and processes of our own, whatever the environment names."""
    with scratch_folder() as folder:
        postgres, redis = start_postgres(folder / "postgres", durable=False), start_redis(folder / "redis")
        world = World(folder, postgres, redis)
        try:
            world.start()
            yield world
        finally:
            world.stop()
            redis.kill()
            postgres.kill()
