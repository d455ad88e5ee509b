"""A page's stream is a socket to everybody but the page: same registry, same gate, same bounds, same receipt."""

import asyncio
import json
import socket
import time
from contextlib import AsyncExitStack, contextmanager

import pytest

from app.domain.errors import Forbidden
from app.http.pages import topics
from app.operations.end_own_session import end_own_session
from app.realtime import event_streams
from app.realtime.event_stream import EventStream
from tests.realtime.conditions import always, eventually
from tests.realtime.nodes import a_node, by_the_log_alone, echoes, entries_of, opened, quick
from tests.realtime.openings import paused_after_the_read, paused_before_the_read
from tests.realtime.streams import Event, streaming
from tests.realtime.test_holder import SHORT, cut_off, let_back


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(event_streams, "LOOK_EVERY_S", 0.05)


async def test_a_change_is_told_by_its_topic_and_nothing_is_told_without_one(settings, make):
    account = make.account()
    session = make.session(account)
    async with a_node(quick(settings)) as node, streaming(node, session.token) as stream:
        assert stream.status == 200
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["cache-control"] == "no-store"
        assert await stream.next() == Event("changed", "own-sessions")  # its own socket has been counted
        make.session(account)
        assert await stream.next() == Event("changed", "own-sessions")


@pytest.mark.parametrize("how", [quick, by_the_log_alone])
async def test_ending_the_session_closes_its_stream_with_the_reason_and_no_other(settings, make, hands, how):
    session, bystander = make.session(), make.session()
    async with a_node(how(settings)) as node:
        async with streaming(node, session.token) as stream, streaming(node, bystander.token) as other:
            async with opened(node, session.token):
                await eventually(lambda: len(entries_of(node)) == 3)
                asked_at = time.monotonic()
                revocation_id = await hands.revoke(
                    end_own_session, caller=session.caller, session_id=session.session_id
                )
                told = await _until_closing(stream)
                assert (told["reason"], told["code"], told["retry"]) == (
                    "session_revoked",
                    4001,
                    "after_sign_in",
                )
                assert time.monotonic() - asked_at < 3
                assert await stream.next() == Event("", "")
            assert [entry.token_hash for entry in entries_of(node)] == [bystander.token_hash]
            assert other.status == 200
            receipt = await hands.receipt(revocation_id, lambda it: it.closed == 2)
            assert sum(each.clean for each in receipt.nodes) >= 1


async def test_a_dead_credential_opens_no_stream(settings, make, hands):
    session = make.session()
    async with a_node(quick(settings)) as node:
        await hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id)
        async with streaming(node, session.token) as stream:
            assert stream.status == 401
        assert entries_of(node) == []


@pytest.mark.parametrize("paused", [paused_before_the_read, paused_after_the_read])
async def test_a_session_that_ends_while_its_stream_opens_is_refused(settings, make, hands, paused):
    """B158 to B160, for streams."""
    session = make.session()
    async with a_node(quick(settings)) as node:
        async with paused(node) as pause:
            opening = asyncio.create_task(_status(node, session.token))
            await pause.reached.wait()
            assert [entry.is_admitted for entry in entries_of(node)] == [False]
            applied = node.node.holder.currency.generation
            await hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id)
            await eventually(lambda: node.node.holder.currency.generation > applied + 1)
            pause.over.set()
            assert await opening == (401, "session_revoked")
        assert entries_of(node) == []


async def test_while_the_node_is_not_current_nothing_is_told_and_no_stream_opens(settings, make):
    """B146 for streams: held, and then told."""
    account = make.account()
    session = make.session(account)
    async with a_node(quick(settings, **SHORT)) as node, streaming(node, session.token) as stream:
        await stream.next()
        cut_off(node, settings)
        await eventually(lambda: not node.node.is_current)
        (entry,) = entries_of(node)
        entry.handle.tell("own-sessions")
        hearing = asyncio.create_task(stream.next())
        async with streaming(node, session.token) as another:
            assert (another.status, another.response.headers["retry-after"]) == (503, "1")
        await always(lambda: not hearing.done(), for_s=0.3)
        let_back(node, settings)
        assert await hearing == Event("changed", "own-sessions")


async def test_after_the_hold_limit_the_page_is_sent_to_another_node(settings, make):
    async with a_node(quick(settings, **SHORT, hold_limit=0.3)) as node:
        async with streaming(node, make.session().token) as stream:
            await stream.next()
            cut_off(node, settings)
            told = await _until_closing(stream)
            assert (told["code"], told["retry"]) == (1013, "now")


async def test_a_stream_is_told_of_the_shutdown_and_holds_it_up_no_longer_than_a_socket(settings, make):
    async with AsyncExitStack() as over:
        serving = a_node(quick(settings))
        node = await serving.__aenter__()
        stream = await over.enter_async_context(streaming(node, make.session().token))
        await stream.next()
        began_at = time.monotonic()
        stopping = asyncio.create_task(serving.__aexit__(None, None, None))
        told = await _until_closing(stream)
        assert (told["code"], told["reason"], told["retry"]) == (1012, "node_shutting_down", "now")
        assert told["retry_after_ms"] > 0
        await stopping
        assert time.monotonic() - began_at < 3


async def test_a_client_that_goes_away_leaves_nothing_behind(settings, make):
    """P15; `a_node` looks for what is left, tasks included."""
    async with a_node(quick(settings)) as node:
        for _ in range(3):
            async with streaming(node, make.session().token) as stream:
                assert stream.status == 200
        await eventually(lambda: not entries_of(node))
        holder = node.node.holder
        assert (len(holder.registry), holder.registry.index_size) == (0, 0)


async def test_a_page_that_does_not_read_is_reset_when_its_session_ends(settings, make, hands):
    session = make.session()
    async with a_node(quick(settings)) as node:
        with _deaf_page(node, session.token):
            await eventually(lambda: [entry.handle for entry in entries_of(node) if entry.handle])
            (entry,) = entries_of(node)
            stream: EventStream = entry.handle
            await eventually(lambda: _is_clogged(stream))
            revocation_id = await hands.revoke(
                end_own_session, caller=session.caller, session_id=session.session_id
            )
            receipt = await hands.receipt(revocation_id, lambda it: it.closed == 1)
            assert [each.aborted for each in receipt.nodes] == [1]


@contextmanager
def _deaf_page(node, token):
    """Sends its request, and reads nothing."""
    with socket.socket() as page:
        page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        page.connect(("127.0.0.1", node.port))
        page.sendall(
            b"GET /events?topic=own-sessions HTTP/1.1\r\nHost: x\r\n"
            + f"Cookie: cutoff_session={token}\r\n\r\n".encode()
        )
        yield


def _is_clogged(stream: EventStream) -> bool:
    stream.tell("x" * 4000)
    return not stream.transport.takes_bytes and stream.transport.unsent() > 8000


async def test_one_account_has_only_so_many_streams(settings, make, monkeypatch):
    monkeypatch.setattr(event_streams, "STREAMS_OF_ONE_ACCOUNT", 1)
    account = make.account()
    async with a_node(quick(settings)) as node, streaming(node, make.session(account).token) as stream:
        assert stream.status == 200
        async with streaming(node, make.session(account).token) as another:
            assert another.status == 503
        async with streaming(node, make.session().token) as somebody_else:
            assert somebody_else.status == 200
        await eventually(lambda: len(entries_of(node)) == 1)


@pytest.mark.parametrize(
    ("topics_asked", "status"),
    [
        (["nonsense"], 404),
        (["receipt:0192f0c4-0000-7000-8000-000000000001"], 404),
        (["own-sessions"] * 9, 422),
    ],
)
async def test_what_may_not_be_watched_opens_no_stream(settings, make, topics_asked, status):
    async with a_node(quick(settings)) as node:
        async with streaming(node, make.session().token, *topics_asked) as stream:
            assert stream.status == status
        assert entries_of(node) == []


async def test_another_site_opens_no_stream(settings, make):
    async with a_node(quick(settings)) as node:
        for headers in ({"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}):
            async with streaming(node, make.session().token, **headers) as stream:
                assert stream.status == 403


async def test_a_visitor_who_may_not_see_it_any_more_loses_the_stream_and_stays_signed_in(
    settings, make, monkeypatch
):
    may_see = True

    def fingerprint(db, *, caller, argument):
        if not may_see:
            raise Forbidden("admin")
        return "the same"

    monkeypatch.setitem(topics.FINGERPRINTS, "secret", fingerprint)
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token) as theirs:
        async with streaming(node, session.token, "secret") as stream:
            assert stream.status == 200
            may_see = False
            assert await stream.next() == Event("", "")
        await eventually(lambda: len(entries_of(node)) == 1)
        assert await echoes(theirs)


async def _status(node, token):
    async with streaming(node, token) as stream:
        return stream.status, json.loads(await stream.response.aread()).get("reason")


async def _until_closing(stream):
    while (event := await stream.next()).name == "changed":
        pass
    assert event.name == "closing"
    return json.loads(event.data)
