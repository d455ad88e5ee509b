"""Upgrades that are answered with something other than a 101, and why."""

import asyncio

import psycopg
import pytest

from app.domain.credentials import TokenKind
from app.domain.errors import Unavailable
from tests.builders import random_token
from tests.realtime.conditions import eventually
from tests.realtime.databases import a_line_to_the_database
from tests.realtime.nodes import (
    a_node,
    by_the_log_alone,
    echoes,
    entries_of,
    opened,
    quick,
    refused,
    seen_close,
)
from tests.realtime.openings import paused_before_the_read

PROBLEM = "application/problem+json"


@pytest.fixture
async def node(settings):
    async with a_node(quick(settings, allowed_origins="https://app.example.org")) as node:
        yield node


async def test_an_unknown_credential_is_401_with_a_challenge(node):
    """B255."""
    for kind in (TokenKind.SESSION, TokenKind.API, TokenKind.DAEMON):
        answer = await refused(node, random_token(kind))
        assert (answer.status, answer.headers["content-type"]) == (401, PROBLEM)
        assert answer.body == {
            "type": "urn:cutoff:problem:unauthenticated", "status": 401, "reason": "unauthenticated",
            "retry": "never" if kind is TokenKind.API else "after_sign_in",
        } or kind is TokenKind.DAEMON  # fmt: skip
        assert answer.headers["www-authenticate"] == 'Bearer realm="cutoff"'
        assert answer.headers["cache-control"] == "no-store"


async def test_no_credential_and_a_malformed_one_get_the_answer_of_an_unknown_one(node):
    unknown = await refused(node, random_token(TokenKind.SESSION))
    for answer in (
        await refused(node),
        await refused(node, "x"),
        await refused(node, Authorization="Basic YTpi"),
        await refused(node, Cookie="theme=dark"),
    ):
        assert (answer.status, answer.body["reason"]) == (unknown.status, unknown.body["reason"])


async def test_an_ended_credential_is_401_with_its_reason_and_advice_each_time_and_once_deleted_a_plain_one(
    node, make, hands
):
    """B10."""
    session = make.session()
    await hands.sql(
        "UPDATE session SET terminated_at = now(), end_reason = 'logged_out' WHERE id = %(id)s",
        id=session.session_id,
    )
    for _ in range(2):
        answer = await refused(node, session.token)
        assert (answer.status, answer.body["reason"], answer.body["retry"]) == (
            401,
            "logged_out",
            "after_sign_in",
        )
    await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
    assert (await refused(node, session.token)).body["reason"] == "unauthenticated"


async def test_an_expired_session_is_401_and_told_to_refresh_where_that_can_help(node, make, hands):
    session = make.session()
    await hands.sql("UPDATE session SET expires_at = now() WHERE id = %(id)s", id=session.session_id)
    answer = await refused(node, session.token)
    assert (answer.body["reason"], answer.body["retry"]) == ("session_expired", "after_refresh")
    await hands.sql("UPDATE session SET absolute_expires_at = now() WHERE id = %(id)s", id=session.session_id)
    answer = await refused(node, session.token)
    assert (answer.body["reason"], answer.body["retry"]) == ("session_expired", "after_sign_in")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_a_cookie_from_a_foreign_page_is_403_before_anything_is_read(node, make, origin):
    """B252: a valid and an unknown credential get the same."""
    node.node.verifier.verify = None
    for token in (make.session().token, random_token(TokenKind.SESSION)):
        answer = await refused(node, Cookie=f"cutoff_session={token}", Origin=origin)
        assert (answer.status, answer.body["type"]) == (403, "urn:cutoff:problem:forbidden")
    answer = await refused(node, Cookie=f"cutoff_session={make.session().token}")
    assert answer.status == 403


async def test_a_cookie_from_our_own_page_opens_and_so_does_one_from_an_allowed_one(node, make):
    from websockets.asyncio.client import connect

    for origin in (f"http://127.0.0.1:{node.port}", "https://app.example.org"):
        cookie = {"Cookie": f"cutoff_session={make.session().token}", "Origin": origin}
        async with connect(node.url, additional_headers=cookie, proxy=None) as socket:
            await socket.recv()
            assert await echoes(socket)


async def test_a_bearer_with_an_origin_is_401(node, make):
    """B253."""
    answer = await refused(node, make.session().token, Origin=f"http://127.0.0.1:{node.port}")
    assert answer.status == 401


async def test_another_path_is_404(node, make):
    answer = await refused(node, make.session().token, url=node.url + "s")
    assert (answer.status, answer.body["type"]) == (404, "urn:cutoff:problem:not_found")


async def test_too_many_openings_are_503_and_told_when_to_come_back(settings, make):
    """B171: those that wait, and those that are open already, are not disturbed."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings, openings_limit=2)) as node, opened(node, bystander.token) as other:
        async with paused_before_the_read(node) as pause:
            waiting = [asyncio.create_task(_opens(node, session.token)) for _ in range(2)]
            while node.node.holder.registry.pending_count < 2:
                await pause.reached.wait()
                await asyncio.sleep(0.002)
            answer = await refused(node, session.token)
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert answer.body["type"] == "urn:cutoff:problem:too_many_openings"
            pause.over.set()
            assert await asyncio.gather(*waiting) == [True, True]
        assert await echoes(other)


async def _opens(node, token: str) -> bool:
    async with opened(node, token) as socket:
        return await echoes(socket)


async def test_clients_that_are_refused_and_come_back_in_a_loop_hold_up_no_end(settings, make, hands):
    """B198: by the log, with nothing else to bring the news."""
    dead, session, bystander = random_token(TokenKind.SESSION), make.session(), make.session()
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        async with opened(node, bystander.token) as other:
            over, statuses = asyncio.Event(), set[int]()

            async def come_back() -> None:
                while not over.is_set():
                    statuses.add((await refused(node, dead)).status)

            loops = [asyncio.create_task(come_back()) for _ in range(60)]
            await eventually(lambda: 401 in statuses)
            await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
            assert (await seen_close(socket, within_s=2.5)).code == 4001
            assert await echoes(other)
            assert node.node.is_current
            over.set()
            await asyncio.gather(*loops)
            assert statuses <= {401, 503}


async def test_a_read_that_the_database_does_not_answer_is_503_and_never_401(settings, make):
    """B166."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings, lease=20)) as node, opened(node, bystander.token) as other:
        async with a_line_to_the_database(settings) as (line, _):
            line.go_silent()

            async def fail(_entry):
                raise Unavailable("database")

            node.node.verifier.verify = fail  # type: ignore[method-assign]
            answer = await refused(node, session.token)
            assert (answer.status, answer.body["reason"], answer.body["retry"]) == (
                503,
                "node_not_current",
                "now",
            )
            del node.node.verifier.verify
            assert await echoes(other)
            assert await _opens(node, session.token)


async def test_a_database_that_is_gone_for_the_verifying_read_alone_is_503_in_bounded_time(settings, make):
    """B166: its connections die in the middle of the read."""
    session = make.session()
    async with a_node(quick(settings)) as node:
        with psycopg.connect(settings.database_url) as locker:
            locker.execute("LOCK TABLE api_token")
            opening = asyncio.create_task(refused(node, session.token))
            with psycopg.connect(settings.database_url, autocommit=True) as killer:
                killed = 0
                while not killed:
                    killed = killer.execute(
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                        " WHERE application_name LIKE 'cutoff verify%' AND state = 'active'"
                    ).rowcount
                    await asyncio.sleep(0.01)
            answer = await opening
        assert answer.status == 503
        assert await _opens(node, session.token)


async def test_a_bug_of_ours_is_500_and_never_says_that_the_credential_is_dead(settings, make):
    """B166."""
    session = make.session()
    async with a_node(quick(settings)) as node:

        async def stumble(_entry):
            raise ZeroDivisionError

        node.node.verifier.verify = stumble  # type: ignore[method-assign]
        answer = await refused(node, session.token)
        assert (answer.status, answer.body["type"]) == (500, "urn:cutoff:problem:internal_error")
        assert not entries_of(node)
        del node.node.verifier.verify
        assert await _opens(node, session.token)


async def test_an_upgrade_while_the_node_is_not_current_is_503_for_live_and_dead_alike(settings, make, hands):
    """B154."""
    live, dead = make.session(), make.session()
    await hands.sql("DELETE FROM session WHERE id = %(id)s", id=dead.session_id)
    for policy in ("hold", "close", "serve"):
        async with a_node(quick(settings, stale_policy=policy)) as node:
            node.node.tail._connection._url = "postgresql://nobody@127.0.0.1:1/nowhere"
            node.node.tail._connection.drop()
            await eventually(lambda: not node.node.is_current)
            for session in (live, dead):
                answer = await refused(node, session.token)
                assert (answer.status, answer.body["reason"]) == (503, "node_not_current")
            node.node.tail._connection._url = settings.database_url
            await eventually(lambda: node.node.is_current)
            assert await _opens(node, live.token)
            assert (await refused(node, dead.token)).status == 401
