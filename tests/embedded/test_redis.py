"""The Redis-compatible server that the demo and the tests get."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from app.embedded import EmbeddedServersRefused, RedisServer, start_redis


@pytest.fixture
def server(scratch: Path) -> Iterator[RedisServer]:
    started = start_redis(scratch / "redis")
    yield started
    started.kill()


def test_started_again_it_is_empty(server: RedisServer) -> None:
    with Redis.from_url(server.url) as client:
        client.set("key", "value")
    server.stop()
    server.start_again()
    with Redis.from_url(server.url) as client:
        assert client.dbsize() == 0


def test_nobody_gets_in_without_the_password(server: RedisServer) -> None:
    with Redis(port=server.port) as client, pytest.raises(AuthenticationError):
        client.ping()


def test_the_password_stands_in_no_command_line(server: RedisServer) -> None:
    password = server.url.split(":")[2].split("@")[0]
    assert password.encode() not in Path(f"/proc/{server.pid}/cmdline").read_bytes()


def test_further_arguments_are_those_of_its_command_line(scratch: Path) -> None:
    server = start_redis(scratch / "redis", extra_args=["--maxclients", "77"])
    try:
        with Redis.from_url(server.url) as client:
            assert client.config_get("maxclients") == {"maxclients": "77"}
    finally:
        server.kill()


def test_a_port_can_be_asked_for(server: RedisServer, scratch: Path) -> None:
    server.stop()
    second = start_redis(scratch / "second", port=server.port)
    try:
        assert second.port == server.port
    finally:
        second.kill()


def test_a_start_that_fails_says_what_the_server_said(scratch: Path) -> None:
    with pytest.raises(EmbeddedServersRefused, match=r"(?s)ended while starting.*no-such-directive"):
        start_redis(scratch / "redis", extra_args=["--no-such-directive", "1"])
