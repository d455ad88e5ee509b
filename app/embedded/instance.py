"""The pair of servers of this checkout: named by the environment, joined, or started."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.embedded.instance_state import InstanceState, forget_state, read_state, write_state
from app.embedded.postgres import PostgresServer, start_postgres
from app.embedded.problems import EmbeddedServersRefused
from app.embedded.process_table import identify
from app.embedded.redis import RedisServer, start_redis
from app.embedded.runtime_folder import locked, runtime_folder, scratch_folder

__all__ = ["Servers", "running"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Addresses that answer. The servers themselves are there only if they are ours to stop and to break."""

    database_url: str
    redis_url: str
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None


@contextmanager
def running(*, durable: bool, join: bool = True) -> Iterator[Servers]:
    """A PostgreSQL and a Redis-compatible server to work with, until the block ends.

    `DATABASE_URL` and `REDIS_URL` win, each for itself. Otherwise, with `join`, those of another command of this
    checkout, which lives on when we end, and takes them along when it ends; otherwise, new and empty ones of our
    own, which others may join. Without `join` they stay private. A `durable` pair is never joined to one that is not.

    Raises: EmbeddedServersRefused in production, or where no server can be had.
    """
    given = Servers(
        database_url=os.environ.get("DATABASE_URL", ""), redis_url=os.environ.get("REDIS_URL", "")
    )
    if given.database_url and given.redis_url:
        yield given
        return
    _refuse_production()
    with ExitStack() as ending:
        if join:
            servers = _joined_or_shared(given, ending, durable=durable)
        else:
            servers = _started(given, ending.enter_context(scratch_folder()), ending, durable=durable)
        yield servers


def _refuse_production() -> None:
    if os.environ.get("CUTOFF_ENV", "").strip().lower() == "production":
        raise EmbeddedServersRefused(
            "CUTOFF_ENV is production: set DATABASE_URL and REDIS_URL, embedded servers are for a laptop and for tests."
        )


def _joined_or_shared(given: Servers, ending: ExitStack, *, durable: bool) -> Servers:
    runtime = runtime_folder()
    with locked(_made(runtime / "instance")):
        state = read_state(runtime)
        if state and _suffices(state, given, durable=durable):
            return replace(
                given,
                database_url=given.database_url or state.database_url,
                redis_url=given.redis_url or state.redis_url,
            )
        servers = _started(given, ending.enter_context(scratch_folder()), ending, durable=durable)
        if state is None:
            write_state(runtime, _state_of(servers, durable=durable))
            ending.callback(forget_state, runtime)
    return servers


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _suffices(state: InstanceState, given: Servers, *, durable: bool) -> bool:
    has_all = (given.database_url or state.database_url) and (given.redis_url or state.redis_url)
    return bool(has_all) and (state.durable or not durable)


def _started(given: Servers, folder: Path, ending: ExitStack, *, durable: bool) -> Servers:
    servers = given
    if not given.database_url:
        postgres = start_postgres(folder / "postgres", durable=durable)
        # Not `stop`: what they hold goes with the folder.
        ending.callback(postgres.kill)
        servers = replace(servers, database_url=postgres.url, postgres=postgres)
    if not given.redis_url:
        redis = start_redis(folder / "redis")
        ending.callback(redis.kill)
        servers = replace(servers, redis_url=redis.url, redis=redis)
    return servers


def _state_of(servers: Servers, *, durable: bool) -> InstanceState:
    started = [server for server in (servers.postgres, servers.redis) if server]
    processes = (os.getpid(), *(server.pid for server in started))
    return InstanceState(
        processes=[process for pid in processes if (process := identify(pid))],
        durable=durable,
        database_url=servers.postgres.url if servers.postgres else "",
        redis_url=servers.redis.url if servers.redis else "",
    )
