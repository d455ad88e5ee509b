"""`deploy/redis-start.sh`, as docker-compose runs it: the server's only users are those of `deploy/redis.acl`."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.retry import Retry

from app.embedded import scratch_folder
from app.embedded.binaries import redis_binary
from app.embedded.free_port import free_port
from tests.waiting import eventually

DEPLOY = Path(__file__).parents[2] / "deploy"
SCRIPT = DEPLOY / "redis-start.sh"
PASSWORDS = {"NODE_PASSWORD": "nodes0", "WORKER_PASSWORD": "workers1", "BEAT_PASSWORD": "beats2"}
ROLES = {"node": "nodes0", "worker": "workers1", "beat": "beats2"}
# What a stolen role could do the most harm with, none of which any role has a use for.
DANGEROUS = (
    "ACL LIST",
    "ACL SETUSER default on nopass +@all",
    "BGREWRITEAOF",
    "CLIENT KILL TYPE normal",
    "CLIENT LIST",
    "CLIENT PAUSE 1000",
    "CONFIG GET *",
    "CONFIG SET dir /tmp",
    "FLUSHALL",
    "FLUSHDB",
    "FUNCTION LIST",
    "KEYS *",
    "MIGRATE h 1 k 0 1",
    "MODULE LIST",
    "MONITOR",
    "REPLICAOF h 1",
    "SAVE",
    "SCAN 0",
    "SHUTDOWN",
    "SWAPDB 0 1",
    "PSUBSCRIBE *",
    "SUBSCRIBE elsewhere:close",
    "PUBLISH elsewhere:close x",
    "GET elsewhere",
    "LPUSH elsewhere x",
    "DEL elsewhere",
)


def command_of(folder: Path) -> dict[str, str]:
    """The environment in which the script finds this machine's server as `redis-server`."""
    (folder / "bin").mkdir()
    (folder / "bin" / "redis-server").symlink_to(redis_binary())
    return {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "REDIS_ACL": str(DEPLOY / "redis.acl"),
        "REDIS_USERS": str(folder / "users.acl"),
    }


def client_of(port: int, **credentials: str) -> Redis:
    """Refused once is refused."""
    return Redis(port=port, retry=Retry(NoBackoff(), 0), **credentials)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = free_port()
    with scratch_folder() as folder:
        server = subprocess.Popen(
            [SCRIPT, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""],
            env={**command_of(folder), **PASSWORDS},
            stdout=subprocess.DEVNULL,
        )
        try:
            eventually(lambda: _pings(port), within_s=20)
            yield port
            assert (folder / "users.acl").stat().st_mode & 0o077 == 0
        finally:
            server.kill()
            server.wait()


def _pings(port: int) -> bool:
    try:
        with client_of(port, username="health", password="none") as client:
            return bool(client.ping())
    except RedisError:
        return False


def test_nobody_comes_in_without_a_role(port: int) -> None:
    with client_of(port) as client, pytest.raises(AuthenticationError):
        client.ping()
    for role in ROLES:
        with client_of(port, username=role, password="none") as client, pytest.raises(AuthenticationError):
            client.ping()


@pytest.mark.parametrize(
    "command", ["GET cutoff:anything", "PUBLISH cutoff:close x", "SUBSCRIBE cutoff:close"]
)
def test_who_looks_after_its_health_may_ping_and_nothing_else(port: int, command: str) -> None:
    with client_of(port, username="health", password="none") as client:
        assert client.ping()
        with pytest.raises(NoPermissionError):
            client.execute_command(*command.split())


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_was_stolen_reaches_its_own_channel_and_queues_alone(port: int, role: str) -> None:
    with client_of(port, username=role, password=ROLES[role]) as client:
        assert [command for command in DANGEROUS if not _is_refused(client, command)] == []


def _is_refused(client: Redis, command: str) -> bool:
    try:
        client.execute_command(*command.split())
    except NoPermissionError:
        return True
    return False


@pytest.mark.parametrize("password", ["", "a b", "a/b", "a&b", "x >y", "a\nb", "&", "$(id)"])
def test_a_password_that_could_change_a_rule_stops_the_start(password: str, tmp_path: Path) -> None:
    finished = subprocess.run(
        [SCRIPT],
        check=False,
        capture_output=True,
        text=True,
        env={**command_of(tmp_path), **PASSWORDS, "WORKER_PASSWORD": password},
    )
    assert finished.returncode == 1
    assert "WORKER_PASSWORD" in finished.stderr
    assert not (tmp_path / "users.acl").exists()
