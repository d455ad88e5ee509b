"""Refresh tokens rotate while sockets are open: none of them notices, until one comes back that was consumed."""

import asyncio
from datetime import timedelta

from app.operations.rotate_refresh_token import ReuseFound, RotatedSession, rotate_refresh_token
from tests.builders import ADDRESS
from tests.realtime.nodes import a_node, echoes, opened, quick, seen_close
from tests.realtime.people import applied

MANY, TIMES = 30, 6


async def _rotated(database, refresh_token: str, *, leeway: timedelta = timedelta(seconds=10)):
    return await asyncio.to_thread(
        database.transact,
        rotate_refresh_token,
        refresh_token=refresh_token,
        lifetime=timedelta(hours=2),
        leeway=leeway,
        address=ADDRESS,
    )


async def test_many_sessions_rotate_under_traffic_and_not_one_frame_is_lost(settings, make, database):
    """B215, B216."""
    sessions = [make.session() for _ in range(MANY)]

    async def rotate_and_talk(node, session) -> None:
        async with opened(node, session.token) as socket:
            refresh_token = session.refresh_token
            for _ in range(TIMES):
                rotating = asyncio.create_task(_rotated(database, refresh_token))
                while not rotating.done():
                    assert await echoes(socket)
                refresh_token = (await rotating).refresh_token
            await applied(node)
            assert await echoes(socket)

    async with a_node(quick(settings)) as node:
        await asyncio.gather(*(rotate_and_talk(node, session) for session in sessions))


async def test_a_consumed_refresh_token_that_comes_back_closes_its_sessions_sockets_on_both_nodes(
    settings, make, database, hands
):
    """B217: and no other's, with an event that tells of it."""
    account = make.account()
    session, sibling = make.session(account), make.session(account)
    async with a_node(quick(settings)) as one, a_node(quick(settings)) as two:
        async with (
            opened(one, session.token) as here,
            opened(two, session.token) as there,
            opened(two, sibling.token) as other,
        ):
            assert isinstance(await _rotated(database, session.refresh_token), RotatedSession)
            found = await _rotated(database, session.refresh_token, leeway=timedelta(0))
            assert isinstance(found, ReuseFound)
            await hands.perform(found.revocation_id)
            for socket in (here, there):
                assert (await seen_close(socket)).told == (4001, "refresh_token_reuse", "after_sign_in")
            assert await echoes(other)
    (event,) = await hands.sql("SELECT outcome FROM audit_event WHERE type = 'refresh_token_reuse'")
    assert event["outcome"] == "success"


async def test_a_lost_response_that_is_asked_for_again_closes_nothing(settings, make, database):
    """B218: the same successor again, and the socket stays."""
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token) as socket:
        lost = await _rotated(database, session.refresh_token)
        again = await _rotated(database, session.refresh_token)
        assert again.refresh_token == lost.refresh_token
        await applied(node)
        assert await echoes(socket)
