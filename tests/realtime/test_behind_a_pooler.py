"""A node that reaches PostgreSQL only through PgBouncer in transaction mode, with two server connections for everybody."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import psycopg
import pytest

from app.config import Settings
from app.data.engine import Database
from app.domain.errors import Unavailable
from app.operations.end_own_session import end_own_session
from app.realtime.read_connection import ReadConnection
from tests.pgbouncer import PgBouncer
from tests.realtime.conditions import eventually
from tests.realtime.databases import proxied
from tests.realtime.ends import Kind, every_kind
from tests.realtime.hands import Hands
from tests.realtime.nodes import RunningNode, a_node, by_the_log_alone, echoes, opened, quick, seen_close
from tests.realtime.people import People, applied

SLEEPING = """
SELECT FROM pg_stat_activity
 WHERE query LIKE '%pg_sleep(20)%' AND state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def pooled(settings: Settings, pooler: PgBouncer) -> Settings:
    return proxied(settings, pooler.url)


@pytest.fixture
def pooled_hands(pooled: Settings) -> Iterator[Hands]:
    database = Database(pooled, application_name="a worker")
    hands = Hands(pooled, database)
    yield hands
    hands.close()
    database.dispose()


@pytest.fixture(params=["redis", "no redis"])
async def node(request: pytest.FixtureRequest, pooled: Settings) -> AsyncIterator[RunningNode]:
    how = quick if request.param == "redis" else by_the_log_alone
    async with a_node(how(pooled)) as node:
        yield node


@pytest.fixture
def reading(pooler: PgBouncer) -> Iterator[ReadConnection]:
    connection = ReadConnection(pooler.url, application_name="pooled", statement_timeout_s=0.3)
    yield connection
    connection.drop()


async def time_out_of(connection: ReadConnection) -> object:
    asked = "SELECT current_setting('statement_timeout') AS t, %(given)s::uuid[] AS given"
    return (await connection.fetch(asked, {"given": []}, within_s=5))[0]["t"]


async def test_a_reads_time_out_is_in_force_in_each_transaction(reading: ReadConnection, pooler: PgBouncer):
    """B116."""
    for _ in range(3):
        assert await time_out_of(reading) == "300ms"
        async with reading.one_snapshot(within_s=5):
            assert await time_out_of(reading) == "300ms"
        await asyncio.to_thread(pooler.change_server_connections)
    assert reading.drops == 0


async def test_a_read_that_nobody_waits_for_any_more_ends_on_the_server_too(reading, database_url):
    """B116: else each poll behind a lock would leave a server connection behind."""
    with pytest.raises(Unavailable):
        await reading.fetch("SELECT pg_sleep(20)", {}, within_s=0.1)
    with psycopg.connect(database_url, autocommit=True) as looking:
        await eventually(lambda: not looking.execute(SLEEPING.encode()).fetchall(), within_s=3)
    assert await time_out_of(reading) == "300ms"


async def test_one_snapshot_is_one_whoever_else_uses_the_connections(reading, pooler, database_url):
    counting = "SELECT count(*) AS n FROM organization"
    async with reading.one_snapshot(within_s=5):
        before = await reading.fetch(counting, {}, within_s=5)
        with psycopg.connect(pooler.url, autocommit=True) as other:
            other.execute("INSERT INTO organization VALUES (gen_random_uuid(), 'new', 'New')")
        within = await reading.fetch(counting, {}, within_s=5)
    after = await reading.fetch(counting, {}, within_s=5)
    assert (before, within, after) == ([{"n": 0}], [{"n": 0}], [{"n": 1}])


@every_kind
async def test_behind_a_pooler_each_end_closes_its_sockets_and_no_others(
    kind: Kind, node, make, pooled_hands, people
):
    """B116."""
    token, end, reason = await kind(make, pooled_hands)
    async with opened(node, token) as socket, opened(node, people.bystander.token) as bystander:
        await end()
        assert (await seen_close(socket)).message["reason"] == reason
        await applied(node)
        assert await echoes(bystander)


async def test_behind_a_pooler_a_receipt_is_completed(node, make, pooled_hands):
    session = make.session()
    async with opened(node, session.token) as socket:
        revocation_id = await pooled_hands.revoke(
            end_own_session, caller=session.caller, session_id=session.session_id
        )
        await seen_close(socket)
        await pooled_hands.receipt(revocation_id, lambda told: sum(each.closed for each in told.nodes) == 1)


def restart(pooler: PgBouncer) -> None:
    pooler.kill()
    pooler.start_again()


@pytest.mark.parametrize(
    "breaks",
    [PgBouncer.lose_server_connections, PgBouncer.change_server_connections, restart],
    ids=lambda b: b.__name__,
)
async def test_a_pooler_that_drops_connections_lets_nothing_survive_and_closes_nobody_else(
    breaks: Callable[[PgBouncer], None], pooler, pooled, make, hands
):
    """B116: revocations go on by SQL while it breaks, time and again."""
    async with a_node(quick(pooled, lease=10)) as node, AsyncExitStack() as sockets:
        people = [People(make) for _ in range(4)]
        staying = [await sockets.enter_async_context(opened(node, each.bystander.token)) for each in people]
        leaving = [await sockets.enter_async_context(opened(node, each.session.token)) for each in people]
        for each, socket in zip(people, leaving, strict=True):
            breaking = asyncio.create_task(asyncio.to_thread(breaks, pooler))
            await hands.sql(
                "UPDATE session SET terminated_at = now() WHERE token_hash = %(hash)s",
                hash=each.session.token_hash,
            )
            assert (await seen_close(socket)).code == 4001
            await breaking
        await applied(node)
        assert all([await echoes(socket) for socket in staying])
        assert len(node.node.holder.registry) == len(staying)


async def test_a_pooler_that_is_frozen_holds_the_node_and_thawed_lets_it_speak_on(pooler, pooled, make):
    session = make.session()
    async with (
        a_node(quick(pooled, lease=1.0, poll_timeout=0.3)) as node,
        opened(node, session.token) as socket,
    ):
        pooler.freeze()
        await eventually(lambda: not node.node.takes_sockets)
        pooler.thaw()
        await eventually(lambda: node.node.takes_sockets)
        assert await echoes(socket)


async def test_sockets_that_open_all_at_once_are_verified_over_two_server_connections(pooled, make):
    sessions = [make.session() for _ in range(30)]
    async with a_node(quick(pooled)) as node, AsyncExitStack() as sockets:
        opening = [sockets.enter_async_context(opened(node, session.token)) for session in sessions]
        for socket in await asyncio.gather(*opening):
            assert await echoes(socket)
