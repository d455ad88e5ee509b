"""What a node counts, on a node that closes, holds and loses its lease."""

import asyncio
from collections.abc import Callable

from prometheus_client import REGISTRY

from tests.realtime.conditions import eventually
from tests.realtime.nodes import a_node, echoes, opened, quick, seen_close
from tests.realtime.test_holder import SHORT, cut_off, let_back


def risen(name: str, **labels: str) -> Callable[[], float]:
    """By how much a sample has risen since now."""
    before = REGISTRY.get_sample_value(name, labels) or 0.0
    return lambda: (REGISTRY.get_sample_value(name, labels) or 0.0) - before


async def test_the_time_to_the_last_close_is_counted_once_a_revocation(settings, make, hands):
    """B263: two sockets of one session, and one of another that stays."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings)) as node:
        async with (
            opened(node, session.token) as one,
            opened(node, session.token) as two,
            opened(node, bystander.token) as other,
        ):
            count, total = risen("cutoff_last_close_seconds_count"), risen("cutoff_last_close_seconds_sum")
            await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
            assert [(await seen_close(socket)).code for socket in (one, two)] == [4001, 4001]
            await eventually(lambda: count() == 1)
            assert 0 < total() < 5
            assert await echoes(other)
        assert len(node.node.holder.books.closes) == 0


async def test_a_lease_that_runs_out_is_counted_once_and_so_is_each_frame_that_is_held(settings, make):
    async with a_node(quick(settings, **SHORT)) as node, opened(node, make.session().token) as socket:
        misses, held = risen("cutoff_lease_misses_total"), risen("cutoff_frames_held_total", direction="in")
        cut_off(node, settings)
        await eventually(lambda: not node.node.is_current)
        asking = asyncio.create_task(echoes(socket))
        await eventually(lambda: held() == 1)
        await eventually(lambda: misses() == 1)
        let_back(node, settings)
        assert await asking
        assert (misses(), held()) == (1, 1)


async def test_a_node_says_how_old_its_knowledge_and_its_last_echo_are(settings):
    async with a_node(quick(settings)) as node:
        await eventually(lambda: node.node.doorbell_age is not None)
        for age in (node.node.tail_age, node.node.doorbell_age):
            assert age is not None
            assert 0 <= age.total_seconds() < 3
        assert node.node.triggers_missing == ()
