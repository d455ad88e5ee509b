"""A real Redis Cluster on this machine: three masters, a replica each, and ways to break it."""

import contextlib
import itertools
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from app.embedded import EmbeddedServersRefused, RedisServer, scratch_folder
from app.embedded.free_port import free_port
from app.fanout.channels import Shard
from app.fanout.cluster_map import ClusterMap

MASTERS = 3
NODE_TIMEOUT_MS = 1_000
WITHIN_S = 40.0
LOOK_EVERY_S = 0.02
SLOTS = 16_384
ATTEMPTS = 3


class ClusterServer(RedisServer):
    """One server of it; all have the same password. Started again it knows the cluster, and has forgotten the rest."""

    def __init__(self, folder: Path, *, password: str) -> None:
        folder.mkdir()
        self._shared = password
        cluster = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
        terms = ("--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--cluster-replica-validity-factor", "0")
        passwords = ("--requirepass", password, "--masterauth", password)
        super().__init__(folder=folder, port=free_port(), extra_args=(*cluster, *terms, *passwords))

    @property
    def url(self) -> str:
        return f"redis://:{self._shared}@127.0.0.1:{self.port}/0"

    @property
    def bus_port(self) -> str:
        return self._extra_args[3]

    def ask(self, *words: object) -> object:
        """Raises: RedisError."""
        with Redis.from_url(self.url, socket_timeout=2, retry=None, protocol=2) as client:
            client.response_callbacks.clear()
            return client.execute_command(*words)

    @property
    def facts(self) -> dict[str, str]:
        text = f"{_text(self.ask('CLUSTER', 'INFO'))}\n{_text(self.ask('INFO', 'replication'))}"
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


class RedisCluster:
    def __init__(self, folder: Path) -> None:
        password = secrets.token_hex(16)
        self.servers = [ClusterServer(folder / f"server-{n}", password=password) for n in range(2 * MASTERS)]

    @property
    def url(self) -> str:
        """Of one server, the last: it begins as a replica, and is asked like any other."""
        return self.servers[-1].url

    def start(self) -> None:
        _all(RedisServer.start_again, self.servers)
        first, *others = self.servers
        for server in others:
            server.ask("CLUSTER", "MEET", "127.0.0.1", first.port, first.bus_port)
        self._until(
            lambda: all(s.facts["cluster_known_nodes"] == str(len(self.servers)) for s in self.servers)
        )
        for number, server in enumerate(self.servers[:MASTERS]):
            slots = SLOTS * number // MASTERS, SLOTS * (number + 1) // MASTERS - 1
            server.ask("CLUSTER", "ADDSLOTSRANGE", *slots)
        for master, replica in zip(self.servers[:MASTERS], self.servers[MASTERS:], strict=True):
            identity = _text(master.ask("CLUSTER", "MYID"))
            self._until(lambda r=replica, i=identity: _succeeds(r, "CLUSTER", "REPLICATE", i))  # type: ignore[misc]
        self.heal()

    def heal(self) -> None:
        """Whatever the test before has done: six servers, three masters with a replica each that is linked and up to date."""
        for server in self.servers:
            server.thaw()
        _all(RedisServer.start_again, self.servers)
        self._until(self._is_whole)

    def kill(self) -> None:
        for server in self.servers:
            server.kill()

    def owner_of(self, shard: Shard) -> ClusterServer:
        """The master that carries it, as a living server sees it."""
        place = self._map().owner(shard.slot)
        assert place is not None
        return self._at(place[1])

    def replica_of(self, master: ClusterServer) -> ClusterServer:
        return next(s for s in self.servers if s.facts.get("master_port") == str(master.port))

    @contextlib.contextmanager
    def moved(self, shard: Shard) -> Iterator[ClusterServer]:
        """Meanwhile the slot, and it alone, belongs to another master, whom this gives."""
        home = self.owner_of(shard)
        abroad = next(s for s in self.servers if s.facts["role"] == "master" and s is not home)
        self._move(shard, home, abroad)
        try:
            yield abroad
        finally:
            self._move(shard, abroad, home)

    def _move(self, shard: Shard, old: ClusterServer, new: ClusterServer) -> None:
        old_id, new_id = (_text(server.ask("CLUSTER", "MYID")) for server in (old, new))
        new.ask("CLUSTER", "SETSLOT", shard.slot, "IMPORTING", old_id)
        old.ask("CLUSTER", "SETSLOT", shard.slot, "MIGRATING", new_id)
        for server in (new, old):
            server.ask("CLUSTER", "SETSLOT", shard.slot, "NODE", new_id)

    def until_owned_by(self, shard: Shard, server: ClusterServer) -> None:
        self._until(lambda: self.owner_of(shard) is server)

    def _map(self) -> ClusterMap:
        for server in self.servers:
            with contextlib.suppress(RedisError, OSError):
                return ClusterMap.parse(server.ask("CLUSTER", "SLOTS"), asked=("127.0.0.1", server.port))
        raise AssertionError("nobody answers")

    def _at(self, port: int) -> ClusterServer:
        return next(server for server in self.servers if server.port == port)

    def _is_whole(self) -> bool:
        facts = [server.facts for server in self.servers]
        masters = [f for f in facts if f["role"] == "master" and f["connected_slaves"] == "1"]
        replicas = [f for f in facts if f["role"] == "slave" and f["master_link_status"] == "up"]
        agree = len({self._owners_seen_by(server) for server in self.servers}) == 1
        return (
            len(masters) == len(replicas) == MASTERS
            and agree
            and all(f["cluster_state"] == "ok" for f in facts)
        )

    def _owners_seen_by(self, server: ClusterServer) -> frozenset[object]:
        seen = ClusterMap.parse(server.ask("CLUSTER", "SLOTS"), asked=("127.0.0.1", server.port))
        return frozenset(seen.masters) if len(seen.places) == len(self.servers) else frozenset({server.port})

    def _until(self, holds: Callable[[], bool]) -> None:
        gives_up_at = time.monotonic() + WITHIN_S
        while not _holds(holds):
            assert time.monotonic() < gives_up_at, [server.log.read_text()[-800:] for server in self.servers]
            time.sleep(LOOK_EVERY_S)


@contextlib.contextmanager
def running_cluster() -> Iterator[RedisCluster]:
    with scratch_folder() as folder:
        cluster = _started(folder)
        try:
            yield cluster
        finally:
            cluster.kill()


def _started(folder: Path) -> RedisCluster:
    """Of so many ports that were free a moment ago, somebody else may have taken one by now: then with others."""
    for attempt in itertools.count(1):
        own = folder / f"attempt-{attempt}"
        own.mkdir()
        cluster = RedisCluster(own)
        try:
            cluster.start()
        except BaseException as error:
            cluster.kill()
            if attempt == ATTEMPTS or not isinstance(error, EmbeddedServersRefused):
                raise
        else:
            return cluster
    raise AssertionError("attempts end")


def _succeeds(server: ClusterServer, *words: object) -> bool:
    return server.ask(*words) == b"OK"


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except (RedisError, OSError):
        return False


def _all(work: Callable[[RedisServer], None], servers: Sequence[RedisServer]) -> None:
    with ThreadPoolExecutor(len(servers)) as threads:
        list(threads.map(work, servers))


def _text(answer: object) -> str:
    return answer.decode() if isinstance(answer, bytes) else str(answer)
