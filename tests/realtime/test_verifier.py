import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.domain.errors import Unavailable
from app.realtime.verifier import Verifier
from tests.realtime.conditions import eventually
from tests.realtime.cores import Clock, Cores, entry_of
from tests.realtime.databases import SteppedConnection
from tests.realtime.nodes import a_node, opened, quick


@asynccontextmanager
async def verifying(connection: SteppedConnection) -> AsyncIterator[Verifier]:
    verifier = Verifier([connection], currency=Cores.with_lease(3).currency, clock=Clock())
    running = asyncio.create_task(verifier.run())
    try:
        yield verifier
    finally:
        running.cancel()
        await asyncio.wait({running})
        connection.drop()


async def test_those_who_come_while_a_read_is_under_way_share_the_next_one(make, database_url):
    sessions = [make.session() for _ in range(5)]
    connection = SteppedConnection(database_url)
    async with verifying(connection) as verifier:
        connection.hold()
        first = asyncio.create_task(verifier.verify(entry_of(sessions[0])))
        await connection.answered.wait()
        others = [asyncio.create_task(verifier.verify(entry_of(session))) for session in sessions[1:]]
        await asyncio.sleep(0)
        connection.let_go.set()
        readings = await asyncio.gather(first, *others)
    assert connection.statements == 2
    assert [reading.record and reading.record.session_id for reading in readings] == [
        each.session_id for each in sessions
    ]
    assert len({str(reading.snapshot) for reading in readings[1:]}) == 1


async def test_a_read_that_fails_is_unavailable_for_each_who_waited_and_for_nobody_after(make, database_url):
    session = make.session()
    connection = SteppedConnection(database_url)
    async with verifying(connection) as verifier:
        good, connection._url = connection._url, "postgresql://nobody@127.0.0.1:1/nowhere"
        answers = await asyncio.gather(
            *(verifier.verify(entry_of(session)) for _ in range(3)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [Unavailable] * 3
        connection._url = good
        record = (await verifier.verify(entry_of(session))).record
        assert record is not None
        assert record.session_id == session.session_id


async def test_whoever_gave_up_is_not_read(make, database_url):
    session = make.session()
    connection = SteppedConnection(database_url)
    async with verifying(connection) as verifier:
        connection.hold()
        first = asyncio.create_task(verifier.verify(entry_of(session)))
        await connection.answered.wait()
        gone = asyncio.create_task(verifier.verify(entry_of(session)))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait({gone})
        connection.let_go.set()
        await first
        await eventually(lambda: not verifier._waiting)
    assert connection.statements == 1


async def test_one_opening_costs_one_query_on_the_node(settings, make, hands):
    """B173: nothing else that the node does reads sessions."""
    session = make.session()
    # The slow timer reads sockets too, but has nothing to read within this test.
    async with a_node(quick(settings)) as node:
        connections = [SteppedConnection(settings.database_url) for _ in range(3)]
        for worker, connection in zip(node.node.verifier._connections, connections, strict=True):
            worker.fetch = connection.fetch  # type: ignore[method-assign]
        for _ in range(4):
            async with opened(node, session.token):
                pass
        assert sum(connection.statements for connection in connections) == 4
        for connection in connections:
            connection.drop()


@pytest.mark.parametrize("sockets", [60])
async def test_many_openings_at_once_are_read_together(settings, make, sockets: int):
    made = [make.session() for _ in range(sockets)]
    connection = SteppedConnection(settings.database_url)
    async with verifying(connection) as verifier:
        readings = await asyncio.gather(*(verifier.verify(entry_of(each)) for each in made))
    assert {reading.record and reading.record.session_id for reading in readings} == {
        each.session_id for each in made
    }
    assert connection.statements == 1
