"""The nodes tell how many sockets there are on each credential, and tell it again when it was lost."""

import asyncio
from collections.abc import Mapping
from typing import cast
from uuid import UUID

from app.bridge import Bridge
from app.operations.end_own_session import end_own_session
from app.realtime.census_reports import BACKLOG_INTERVAL_S, INTERVAL_S
from tests.realtime.conditions import always, eventually
from tests.realtime.hands import Hands
from tests.realtime.nodes import a_node, opened, quick, seen_close

ALL = "SELECT credential_id, sum(sockets)::int AS sockets FROM open_socket_now GROUP BY credential_id"


async def told(hands: Hands, expected: Mapping[UUID, int]) -> None:
    """The table comes to say so: how many sockets on which credential."""
    found: Mapping[UUID, int] = {}
    try:
        async with asyncio.timeout(10):
            while True:
                found = {row["credential_id"]: row["sockets"] for row in await hands.sql(ALL)}
                if found == expected:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{found} in place of {expected}") from None


async def test_sockets_are_counted_on_their_credential_over_all_nodes_as_they_come_and_go(
    settings, make, hands
):
    """B268."""
    session = make.session()
    token = make.api_token(session)
    async with a_node(quick(settings)) as one, a_node(quick(settings)) as two:
        async with opened(one, session.token), opened(two, session.token), opened(two, token.token):
            await told(hands, {session.session_id: 2, token.api_token_id: 1})
        await told(hands, {})


async def test_a_socket_that_was_closed_for_good_counts_no_more(settings, make, hands):
    """B268."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings)) as node:
        async with opened(node, session.token) as socket, opened(node, bystander.token):
            await told(hands, {session.session_id: 1, bystander.session_id: 1})
            await hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id)
            await seen_close(socket)
            await told(hands, {bystander.session_id: 1})


async def test_what_a_crash_has_emptied_is_told_again(settings, make, hands):
    """A crash ends every connection and empties every table that is not logged."""
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token):
        await told(hands, {session.session_id: 1})
        await hands.sql("TRUNCATE open_socket")
        await hands.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE 'cutoff%%' AND datname = current_database()"
        )
        await told(hands, {session.session_id: 1})


async def test_a_node_that_was_forgotten_by_mistake_tells_all_again(settings, make, hands):
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token):
        await told(hands, {session.session_id: 1})
        await hands.sql("DELETE FROM node")
        await told(hands, {session.session_id: 1})


async def test_the_slow_timer_puts_right_what_nobody_noticed(settings, make, hands):
    session = make.session()
    async with a_node(quick(settings, reconcile_interval=2)) as node, opened(node, session.token):
        await told(hands, {session.session_id: 1})
        await hands.sql("UPDATE open_socket SET sockets = 77, credential_id = account_id")
        await told(hands, {session.session_id: 1})


async def test_what_could_not_be_stored_is_told_later_and_delays_nothing_else(settings, make, hands):
    session = make.session()
    async with a_node(quick(settings)) as node:
        with hands.connection() as somebody:
            somebody.execute("LOCK TABLE open_socket")
            async with opened(node, session.token):
                (before,) = await hands.sql("SELECT seen_at FROM node")
                async with asyncio.timeout(5):
                    while (await hands.sql("SELECT seen_at, sockets FROM node"))[0]["seen_at"] == before[
                        "seen_at"
                    ]:
                        await asyncio.sleep(0.02)
                assert not await node.node.census.report()
                somebody.rollback()
                await told(hands, {session.session_id: 1})


async def test_where_nothing_changes_nothing_is_said(settings, make, hands):
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token):
        await told(hands, {session.session_id: 1})
        assert not node.node.holder.registry.census.has_more
        statements: list[object] = []
        node.node.census._bridge = cast("Bridge", Recorder(statements))
        assert await node.node.census.report()
        assert statements == []


async def test_a_few_that_come_and_go_all_the_time_wait_for_the_interval(settings, make, hands):
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token):
        await told(hands, {session.session_id: 1})
        registry, census = node.node.holder.registry, node.node.census
        (entry,) = registry
        reports = 0

        class Restless:
            """While it is told of one, another one has come."""

            async def run(self, *_: object) -> bool:
                nonlocal reports
                reports += 1
                registry.census.changed(entry)
                return True

        census._bridge = cast("Bridge", Restless())
        registry.census.changed(entry)
        await eventually(lambda: reports > 0)
        await always(lambda: reports <= 2, for_s=INTERVAL_S + 2 * BACKLOG_INTERVAL_S)


class Recorder:
    """A bridge that nothing should cross."""

    def __init__(self, statements: list[object]) -> None:
        self._statements = statements

    async def run(self, *what: object) -> bool:
        self._statements.append(what)
        return True
