"""What a socket took is free when it has gone, without the garbage collector: its full rounds are far apart in a big heap."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import AsyncExitStack
from weakref import ref

import pytest

from app.realtime.http_protocol import CutoffHttpProtocol
from tests.realtime.conditions import eventually
from tests.realtime.nodes import a_node, entries_of, opened

SOCKETS = 5


@pytest.fixture
def nothing_is_collected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def upgraded(monkeypatch) -> list[ref[CutoffHttpProtocol]]:
    """The HTTP side of each connection that is made from now on."""
    seen: list[ref[CutoffHttpProtocol]] = []
    made = CutoffHttpProtocol.connection_made

    def noted(protocol: CutoffHttpProtocol, transport: asyncio.Transport) -> None:
        seen.append(ref(protocol))
        made(protocol, transport)

    monkeypatch.setattr(CutoffHttpProtocol, "connection_made", noted)
    return seen


async def test_a_socket_that_was_closed_is_freed_at_once(
    settings, make, hands, upgraded, nothing_is_collected
):
    """P15."""
    async with a_node(settings) as node:
        session = make.session()
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(opened(node, session.token)) for _ in range(SOCKETS)]
            protocols = [entry.handle.transport._protocol for entry in entries_of(node)]
            left = [ref(each) for each in protocols] + [ref(each.conn) for each in protocols]
            del protocols
            await hands.sql("UPDATE session SET terminated_at = now()")
            for socket in sockets:
                await socket.wait_closed()
        assert len(left) == 2 * len(upgraded) == 2 * SOCKETS
        await eventually(lambda: not any(each() for each in (*left, *upgraded)), within_s=20)
