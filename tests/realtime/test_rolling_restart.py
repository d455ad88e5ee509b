"""Every node is replaced, one after the other, while credentials end and their clients go where there is a node."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from app.operations.end_own_session import end_own_session
from tests.realtime.nodes import (
    RunningNode,
    a_node,
    by_the_log_alone,
    echoes,
    opened,
    quick,
    refused,
    seen_close,
)

SOON_S = 3.0


class Replaceable:
    """A node that can be told to stop, and started anew."""

    def __init__(self, settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self.node: RunningNode

    async def start(self) -> None:
        self.node = await self._stack.enter_async_context(a_node(self._settings, alone=False))

    async def stop(self) -> None:
        await self._stack.aclose()


@asynccontextmanager
async def two_nodes(settings) -> AsyncIterator[tuple[Replaceable, Replaceable]]:
    one, two = Replaceable(settings), Replaceable(settings)
    await asyncio.gather(one.start(), two.start())
    try:
        yield one, two
    finally:
        await asyncio.gather(one.stop(), two.stop())


@pytest.mark.parametrize("how", [quick, by_the_log_alone], ids=["redis", "no redis"])
async def test_no_end_is_missed_while_every_node_is_replaced(settings, make, hands, how):
    """B202, B10: what ended while a node was not there is refused by the one that takes its place, with its reason."""
    stranger = make.session()
    async with two_nodes(how(settings)) as nodes:
        for leaving, staying in (nodes, nodes[::-1]):
            session = make.session()
            async with opened(leaving.node, session.token) as moving, opened(leaving.node, stranger.token):
                stopping = asyncio.create_task(leaving.stop())
                assert (await seen_close(moving)).told[:2] == (1012, "node_shutting_down")
            async with (
                opened(staying.node, session.token) as moved,
                opened(staying.node, stranger.token) as other,
            ):
                assert await echoes(moved)
                await hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id)
                closed = await seen_close(moved, within_s=SOON_S)
                assert closed.told == (4001, "session_revoked", "after_sign_in")
                await stopping
                await leaving.start()
                for each in nodes:
                    answer = await refused(each.node, session.token)
                    assert (answer.status, answer.body["reason"]) == (401, "session_revoked")
                assert await echoes(other)
