import asyncio
from datetime import timedelta

import psycopg

from app.http.activity import Activity
from app.http.background import Background
from tests.http.parts import NoBridge
from tests.http.world import World

FINISH = timedelta(seconds=5)


async def test_the_use_of_a_credential_is_written_down_later_and_extends_nothing(world: World, bridge):
    """B213."""
    me = await world.sign_in("alice")
    world.run("UPDATE session SET last_active_at = '2020-01-01Z'")
    before = world.rows("SELECT expires_at FROM session")
    token = await me.api_token()
    await token.is_alive()
    api = world.client._transport.app  # type: ignore[attr-defined]
    api.state.activity.flush()
    await api.state.background.finish(within=FINISH)
    assert world.count("session", "last_active_at > '2021-01-01Z'") == 1
    assert world.count("api_token", "last_used_at IS NOT NULL") == 1
    assert world.rows("SELECT expires_at FROM session") == before


async def test_nobody_waits_for_it_to_be_written_down_and_nobody_is_signed_out_when_it_is_not(
    world: World, database_url: str
):
    """B213."""
    me = await world.sign_in("alice")
    api = world.client._transport.app  # type: ignore[attr-defined]
    with psycopg.connect(database_url) as somebody:
        somebody.execute("SELECT FROM session FOR UPDATE")
        assert await me.is_alive()
        api.state.activity.flush()
        async with asyncio.timeout(1):
            assert await me.is_alive()
        await api.state.background.finish(within=FINISH)  # the lock time-out comes first
    assert world.count("session", "terminated_at IS NULL") == 1
    assert await me.is_alive()


async def test_nothing_is_written_where_nothing_was_used():
    Activity(NoBridge(), Background()).flush()  # type: ignore[arg-type]
