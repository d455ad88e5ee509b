import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.clock import boot_seconds
from app.domain.errors import Unavailable
from app.realtime.read_connection import ReadConnection
from tests.fanout.silent_proxy import silent_proxy
from tests.fanout.tcp_server import tcp_server
from tests.realtime.conditions import eventually
from tests.realtime.databases import backends, connection_to

NAME = "read connection under test"


@pytest.fixture
def connection(database_url: str) -> Iterator[ReadConnection]:
    connection = connection_to(database_url, name=NAME)
    yield connection
    connection.drop()


async def one(connection: ReadConnection, *, within_s: float = 5.0) -> object:
    rows = await connection.fetch("SELECT 1 AS one", {}, within_s=within_s)
    return rows[0]["one"]


async def pid_of(connection: ReadConnection) -> int:
    rows = await connection.fetch("SELECT pg_backend_pid() AS pid", {}, within_s=5)
    pid: int = rows[0]["pid"]
    return pid


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_statement_answers_with_its_rows_on_one_connection(connection):
    rows = await connection.fetch("SELECT %(a)s::int + 1 AS b", {"a": 41}, within_s=5)
    assert rows == [{"b": 42}]
    assert await pid_of(connection) == await pid_of(connection)


async def test_a_statement_is_a_transaction_of_its_own_and_leaves_none_open(connection, database_url):
    first = await connection.fetch("SELECT pg_current_snapshot()::text AS at", {}, within_s=5)
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_current_xact_id()")
    second = await connection.fetch("SELECT pg_current_snapshot()::text AS at", {}, within_s=5)
    assert first != second
    assert connection._connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


async def test_a_statement_that_takes_too_long_is_unavailable_at_once_and_its_connection_is_cut(
    connection, database_url
):
    """B114."""
    await one(connection)
    began = boot_seconds()
    with pytest.raises(Unavailable):
        await connection.fetch("SELECT pg_sleep(5)", {}, within_s=0.2)
    assert boot_seconds() - began < 0.6
    assert connection._connection is None
    await eventually(lambda: not connection._abandoned)
    assert await one(connection) == 1


async def test_a_reply_that_comes_after_its_time_out_is_never_seen(connection):
    with pytest.raises(Unavailable):
        await connection.fetch("SELECT pg_sleep(0.3), 'late' AS one", {}, within_s=0.1)
    assert [await one(connection) for _ in range(3)] == [1, 1, 1]
    await eventually(lambda: not connection._abandoned)
    assert await one(connection) == 1


async def test_a_silent_line_is_unavailable_in_time_and_a_new_one_is_tried(database_url):
    """B117."""
    async with silent_proxy(database_url) as (proxy, url):
        connection = connection_to(url)
        assert await one(connection) == 1
        proxy.go_silent()
        began = boot_seconds()
        with pytest.raises(Unavailable):
            await one(connection, within_s=0.2)
        assert boot_seconds() - began < 0.6
        assert await one(connection) == 1
        await eventually(lambda: not connection._abandoned)
        connection.drop()


async def test_a_connection_that_is_not_even_accepted_is_unavailable_in_time(database_url):
    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            pass

    async with tcp_server(say_nothing) as port:
        connection = connection_to(f"postgresql://somebody@127.0.0.1:{port}/nowhere")
        began = boot_seconds()
        with pytest.raises(Unavailable):
            await one(connection, within_s=0.2)
        assert boot_seconds() - began < 0.6
        await eventually(lambda: not connection._abandoned)
        assert connection._connection is None


async def test_a_backend_that_was_killed_meanwhile_costs_nothing(connection, database_url):
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [await pid_of(connection)])
    assert await one(connection) == 1


async def test_a_backend_that_is_killed_in_the_middle_of_a_result_is_unavailable(connection, database_url):
    """B115."""
    pid = await pid_of(connection)
    reading = asyncio.create_task(
        connection.fetch("SELECT repeat('x', 1000), pg_sleep(0.01) FROM generate_series(1, 1000)", {}, within_s=9)
    )  # fmt: skip
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(Unavailable):
        await reading
    assert await one(connection) == 1


async def test_statements_within_one_snapshot_see_the_same(connection, database_url):
    counting = "SELECT count(*) AS n FROM organization"
    async with connection.one_snapshot(within_s=5):
        before = await connection.fetch(counting, {}, within_s=5)
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("INSERT INTO organization VALUES (gen_random_uuid(), 'new', 'New')")
        within = await connection.fetch(counting, {}, within_s=5)
    after = await connection.fetch(counting, {}, within_s=5)
    assert (before, within, after) == ([{"n": 0}], [{"n": 0}], [{"n": 1}])


async def test_a_snapshot_that_is_lost_is_not_replaced_by_another(connection, database_url):
    async def read_twice() -> None:
        async with connection.one_snapshot(within_s=5):
            pid = await pid_of(connection)
            with psycopg.connect(database_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            with pytest.raises(Unavailable):
                await one(connection)
            await one(connection)

    with pytest.raises(Unavailable):
        await read_twice()
    assert await one(connection) == 1
    assert backends(database_url, NAME) == 1


async def test_cancelling_the_caller_cuts_the_connection(connection):
    await one(connection)
    reading = asyncio.create_task(connection.fetch("SELECT pg_sleep(5)", {}, within_s=9))
    await eventually(
        lambda: connection._connection.info.transaction_status == psycopg.pq.TransactionStatus.ACTIVE
    )
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await eventually(lambda: not connection._abandoned)
    assert await one(connection) == 1


async def test_whatever_went_wrong_no_file_no_task_and_no_backend_is_left(connection, database_url):
    await one(connection)
    files, tasks = open_files(), len(asyncio.all_tasks())
    for _ in range(10):
        with pytest.raises(Unavailable):
            await connection.fetch("SELECT pg_sleep(0.5)", {}, within_s=0.02)
        with pytest.raises(Unavailable):
            await connection.fetch("SELECT no such thing", {}, within_s=5)
        await one(connection)
    await eventually(lambda: not connection._abandoned)
    await eventually(lambda: (open_files(), len(asyncio.all_tasks())) == (files, tasks))
    await eventually(lambda: backends(database_url, NAME) == 1, within_s=12)


async def test_a_dropped_connection_is_closed_for_the_server_too(connection, database_url):
    await one(connection)
    connection.drop()
    connection.drop()
    await eventually(lambda: backends(database_url, NAME) == 0)
