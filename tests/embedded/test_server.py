"""Real servers, broken in every way that `Server` offers."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from app.embedded import PostgresServer, RedisServer, start_redis
from app.embedded.process_table import children_of, identify, is_alive, state_of
from app.embedded.server import Server
from tests.embedded.waiting import eventually


@pytest.fixture(params=["postgres", "redis"])
def server(request: pytest.FixtureRequest, scratch: Path) -> Iterator[Server]:
    if request.param == "postgres":
        yield request.getfixturevalue("postgres")
        return
    redis = start_redis(scratch / "redis")
    yield redis
    redis.kill()


def answers(server: Server) -> bool:
    match server:
        case PostgresServer():
            try:
                with psycopg.connect(server.url, connect_timeout=2) as connection:
                    return connection.execute("SELECT 1").fetchone() == (1,)
            except psycopg.OperationalError:
                return False
        case RedisServer():
            try:
                with Redis.from_url(server.url, socket_timeout=0.5, retry=None) as client:
                    return bool(client.ping())
            except RedisError:
                return False
        case _:
            raise AssertionError(server)


def test_a_stopped_server_is_gone_and_starts_again_at_the_same_address(server: Server) -> None:
    url, first = server.url, identify(server.pid)
    server.stop()
    server.stop()
    assert not server.is_running
    assert not answers(server)
    server.start_again()
    assert server.url == url
    assert identify(server.pid) != first
    assert answers(server)


def test_a_killed_server_leaves_no_process_behind_and_starts_again(server: Server) -> None:
    processes = [process for pid in (server.pid, *children_of(server.pid)) if (process := identify(pid))]
    server.kill()
    assert not any(map(is_alive, processes))
    server.start_again()
    assert answers(server)


def test_a_frozen_server_answers_nothing_until_it_is_thawed(server: Server) -> None:
    server.freeze()
    assert all(state_of(pid) == "T" for pid in (server.pid, *children_of(server.pid)))
    assert not answers(server)
    server.thaw()
    assert answers(server)


def test_a_frozen_server_can_be_stopped(server: Server) -> None:
    server.freeze()
    server.stop()
    assert not server.is_running


def test_starting_a_running_server_changes_nothing(server: Server) -> None:
    pid = server.pid
    server.start_again()
    assert server.pid == pid


def test_a_server_outlives_the_thread_that_asked_for_it(scratch: Path) -> None:
    started: list[Server] = []
    thread = threading.Thread(target=lambda: started.append(start_redis(scratch / "r")))
    thread.start()
    thread.join()
    try:
        assert answers(started[0])
        assert started[0].is_running
    finally:
        started[0].kill()


def test_a_server_ends_in_a_session_of_its_own_so_that_control_c_is_ours_alone(server: Server) -> None:
    assert os.getsid(server.pid) == server.pid != os.getsid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the user")
def test_as_root_no_server_runs_as_root(server: Server) -> None:
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0


def test_a_server_ended_by_somebody_else_is_noticed(server: Server) -> None:
    os.kill(server.pid, signal.SIGINT)
    eventually(lambda: not server.is_running)
