"""Starts the fleet, waits until each part says that it works, and stops it."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.cli.fleet.child import Child
from app.cli.fleet.installation import Installation, this_installation
from app.cli.fleet.keeper import Keeper
from app.cli.fleet.probes import answers_at_all, has_logged, is_ready
from app.cli.problems import CommandRefused
from app.clock import boot_seconds, sleep_seconds
from app.config import Settings, load_settings
from app.embedded import Servers, running, scratch_folder
from app.embedded.problems import with_log

__all__ = ["Fleet", "NodeAddress", "running_fleet"]

HOST = "127.0.0.1"
READY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.05
WORKER_SLOTS = 2
WARM = (sys.executable, "-m", "app.cli.fleet.warm_start")
WORKER_IS_READY = " ready."
BEAT_IS_READY = "beat: Starting"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAddress:
    """Where one node listens."""

    name: str
    port: int

    @property
    def http(self) -> str:
        """For a browser."""
        return f"http://{HOST}:{self.port}"

    @property
    def websocket(self) -> str:
        """For a client's sockets."""
        return f"ws://{HOST}:{self.port}/ws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What runs, and where."""

    nodes: tuple[NodeAddress, ...]
    settings: Settings
    installation: Installation
    folder: Path
    has_own_servers: bool


@contextmanager
def running_fleet(
    *,
    ports: tuple[int, ...],
    prepare: Callable[[Settings, Installation], Mapping[str, str]],
    tell: Callable[[str], None],
    application: str = "app.asgi:app",
) -> Iterator[Fleet]:
    """Servers, nodes, a worker and a beat that work, until the block ends.

    `prepare` is called when the servers answer, migrates, and returns what else the children's environment holds.

    Raises: SettingsError, EmbeddedServersRefused, Unavailable, and CommandRefused with the log of what does not start.
    """
    _refuse_production()
    installation = this_installation()
    nodes = tuple(NodeAddress(name=f"node-{number}", port=port) for number, port in enumerate(ports, start=1))
    further: Future[Mapping[str, str]] = Future()
    with scratch_folder() as folder:
        keepers = [
            *_node_keepers(nodes, folder, tell, further, application=application),
            *_celery_keepers(folder, tell, further),
        ]
        # They import what they need while the servers start, and end before those do.
        with _stopped_afterwards(keepers):
            for keeper in keepers:
                keeper.start()
            with running(durable=False) as servers, _stopped_afterwards(keepers):
                environment = _environment(servers, installation, nodes)
                settings = load_settings(database_url=servers.database_url, redis_url=servers.redis_url)
                further.set_result({**environment, **prepare(settings, installation)})
                _wait_until_ready(keepers, nodes)
                yield Fleet(
                    nodes=nodes,
                    settings=settings,
                    installation=installation,
                    folder=folder,
                    has_own_servers=servers.postgres is not None or servers.redis is not None,
                )


@contextmanager
def _stopped_afterwards(keepers: list[Keeper]) -> Iterator[None]:
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.ask_to_stop()
        for keeper in keepers:
            keeper.wait_until_stopped()


def _refuse_production() -> None:
    if os.environ.get("CUTOFF_ENV", "").strip().lower() == "production":
        raise CommandRefused(
            "CUTOFF_ENV is production: run `cutoff node`, `celery -A worker worker` and `celery -A worker beat` there."
        )


def _environment(
    servers: Servers, installation: Installation, nodes: tuple[NodeAddress, ...]
) -> dict[str, str]:
    """What children get beyond what they inherit: addresses, and defaults for a laptop where the caller says nothing."""
    origins = [origin for node in nodes for origin in (node.http, f"http://localhost:{node.port}")]
    defaults = {
        "CUTOFF_ENV": "development",
        "CUTOFF_COOKIE_SECURE": "false",
        "CUTOFF_BUS_KEY": installation.bus_key,
        "CUTOFF_ALLOWED_ORIGINS": ",".join(origins),
    }
    unsaid = {name: value for name, value in defaults.items() if name not in os.environ}
    return {**unsaid, "DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}


def _node_keepers(
    nodes: tuple[NodeAddress, ...],
    folder: Path,
    tell: Callable[[str], None],
    further: Future[Mapping[str, str]],
    *,
    application: str,
) -> list[Keeper]:
    # Children run in a folder of their own, and an application of one's own lies where the command was typed.
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))
    return [
        Keeper(
            Child(
                name=node.name,
                command=[*WARM, "node", "--host", HOST, "--port", str(node.port), "--app", application],
                environment={**os.environ, "PYTHONPATH": path, "CUTOFF_NODE_NAME": node.name},
                folder=folder,
            ),
            answers=answers_at_all(HOST, node.port),
            tell=tell,
            further=further,
        )
        for node in nodes
    ]


def _celery_keepers(
    folder: Path, tell: Callable[[str], None], further: Future[Mapping[str, str]]
) -> list[Keeper]:
    celery = [*WARM, "celery", "-A", "worker"]
    options = ["--queues", "revocations,upkeep", "--concurrency", str(WORKER_SLOTS), "--hostname", "fleet@%h"]
    alone = ["--without-gossip", "--without-mingle"]
    schedule = ["--schedule", str(folder / "beat-schedule"), "--pidfile", ""]
    commands = {
        "worker": [*celery, "worker", *options, *alone, "--loglevel", "INFO"],
        "beat": [*celery, "beat", *schedule, "--loglevel", "INFO"],
    }
    return [
        Keeper(
            Child(name=name, command=command, environment=os.environ, folder=folder),
            answers=None,
            tell=tell,
            further=further,
        )
        for name, command in commands.items()
    ]


def _wait_until_ready(keepers: list[Keeper], nodes: tuple[NodeAddress, ...]) -> None:
    conditions = {node.name: is_ready(HOST, node.port) for node in nodes}
    conditions["worker"] = has_logged(_log_of("worker", keepers), WORKER_IS_READY)
    conditions["beat"] = has_logged(_log_of("beat", keepers), BEAT_IS_READY)
    deadline = boot_seconds() + READY_WITHIN_S
    while conditions:
        conditions = {name: is_met for name, is_met in conditions.items() if not is_met()}
        _refuse_the_dead(keepers)
        if boot_seconds() > deadline:
            name = next(iter(conditions))
            raise CommandRefused(
                with_log(f"{name} was not ready in time. Its log ends with:", _log_of(name, keepers))
            )
        sleep_seconds(LOOK_EVERY_S)


def _refuse_the_dead(keepers: list[Keeper]) -> None:
    for keeper in keepers:
        if keeper.ends:
            raise CommandRefused(
                with_log(f"{keeper.child.name} does not start. Its log ends with:", keeper.child.log)
            )


def _log_of(name: str, keepers: list[Keeper]) -> Path:
    return next(keeper.child.log for keeper in keepers if keeper.child.name == name)
