import asyncio
import json
from typing import Any

import pytest
from uvicorn.protocols.utils import ClientDisconnected

from app.domain.credentials import TokenKind
from app.operations.set_role import set_role
from app.realtime.conversation import Conversation
from tests.builders import random_token
from tests.realtime.conditions import eventually
from tests.realtime.nodes import (
    RunningNode,
    a_node,
    ask,
    echoes,
    entries_of,
    opened,
    quick,
    received,
    seen_close,
)
from tests.realtime.raw_peer import TEXT, connected_peer

DAEMON = random_token(TokenKind.DAEMON)


@pytest.fixture
async def node(settings):
    async with a_node(quick(settings, perform_within=0.3)) as node:
        yield node


def _answers(node: RunningNode) -> Any:
    """What answers requests, to be replaced in part."""
    conversation = node.node.gateway._converse
    assert isinstance(conversation, Conversation)
    return conversation._answers


async def test_whoami_says_what_the_socket_stands_on(node, make):
    session = make.session()
    token = make.api_token(session)
    async with opened(node, session.token) as socket:
        assert await ask(socket, type="whoami", id="a") == {
            "type": "whoami", "id": "a", "account_id": str(session.account_id), "credential": "session",
            "session_id": str(session.session_id), "api_token_id": None, "support": None,
        }  # fmt: skip
    async with opened(node, token.token) as socket:
        answer = await ask(socket, type="whoami", id=1)
        assert (answer["credential"], answer["api_token_id"]) == ("api_token", str(token.api_token_id))


async def test_an_echo_brings_back_any_json_under_its_own_id(node, make):
    async with opened(node, make.session().token) as socket:
        payload = {"ä": [1, None, {"": "\N{SNOWMAN}"}], "big": 10**30}
        assert await ask(socket, type="echo", id=-5, payload=payload) == {
            "type": "echo", "id": -5, "payload": payload,
        }  # fmt: skip


async def test_answers_come_in_the_order_of_the_requests(node, make):
    organization = make.organization()
    async with opened(node, organization.admin.token) as socket:
        for number in range(20):
            kind = {"type": "org", "org": organization.slug} if number % 3 else {"type": "echo"}
            await socket.send(json.dumps({**kind, "id": number}))
        assert [(await received(socket))["id"] for _ in range(20)] == list(range(20))


async def test_malformed_frames_are_answered_and_close_nothing(node, make):
    async with opened(node, make.session().token) as socket:
        bad: list[str | bytes] = ["", "x", "[]", '{"type":"sudo","id":1}', '{"type":"echo"}', '{"type":"echo","id":1,"extra":1}',
               '{"type":"whoami","id":' + "9" * 5_000 + "}", '{"type":"echo","id":1,"payload":NaN}', b"\xff\xfe", b""]  # fmt: skip
        for text in bad:
            await socket.send(text)
            assert (await received(socket))["type"] == "error"
        assert await echoes(socket)


async def test_a_binary_frame_with_json_in_it_is_a_request_like_any_other(node, make):
    async with opened(node, make.session().token) as socket:
        await socket.send(b'{"type":"echo","id":1,"payload":2}')
        assert (await received(socket))["payload"] == 2


async def test_a_frame_that_is_too_large_ends_that_socket_with_1009_and_no_other(settings, make):
    """B171."""
    session, bystander = make.session(), make.session()
    async with a_node(quick(settings, frame_limit=2048)) as node, opened(node, bystander.token) as other:
        async with opened(node, session.token) as socket:
            await socket.send("x" * 2048)
            assert (await received(socket))["problem"] == "not_json"
            await socket.send("x" * 2049)
            assert (await seen_close(socket)).code == 1009
        assert await echoes(other)


async def test_a_role_that_is_taken_away_counts_for_the_next_message_and_leaves_the_socket_open(
    node, make, database
):
    """B44."""
    organization = make.organization()
    member = make.member(organization)
    async with opened(node, make.session(member).token) as socket:
        org = {"type": "org", "id": 1, "org": organization.slug}
        assert (await ask(socket, **org))["role"] == "member"
        with database.session() as db:
            set_role(db, account_id=member.account_id, org_id=organization.org_id, role=None)
        assert await ask(socket, **org) == {"type": "error", "id": 1, "problem": "not_found"}
        assert await echoes(socket)


async def test_an_unknown_organization_and_a_foreign_one_get_the_same_answer(node, make):
    foreign = make.organization()
    async with opened(node, make.session().token) as socket:
        answers = [await ask(socket, type="org", id=1, org=org) for org in (foreign.slug, "no-such-org", "…")]
        assert answers == [{"type": "error", "id": 1, "problem": "not_found"}] * 3


async def test_support_access_to_read_does_not_write_and_each_use_is_on_record(node, make, hands):
    """B238."""
    organization = make.organization()
    grant = make.grant(organization, read_only=True)
    support = make.support_session(organization, make.session(make.account(is_global_admin=True)))
    async with opened(node, support.token) as socket:
        org = {"type": "org", "id": 1, "org": organization.slug}
        read = await ask(socket, **org)
        assert (read["role"], read["read_only"]) == ("support", True)
        assert (await ask(socket, **org, action="write"))["problem"] == "forbidden"
        assert (await ask(socket, type="whoami", id=2))["support"]["grant_id"] == str(grant.grant_id)
        (event,) = await hands.sql("SELECT grant_id, outcome FROM audit_event WHERE type = 'org_message'")
        assert event == {"grant_id": str(grant.grant_id), "outcome": "success"}


async def test_when_the_database_is_away_only_what_needs_it_is_refused(settings, make):
    organization = make.organization()
    async with a_node(quick(settings)) as node, opened(node, organization.admin.token) as socket:

        async def unavailable(*_args, **_more):
            from app.domain.errors import Unavailable

            raise Unavailable("database")

        bridge = _answers(node)._bridge
        bridge.run, run = unavailable, bridge.run
        assert (await ask(socket, type="org", id=1, org=organization.slug))["problem"] == "unavailable"
        assert await echoes(socket)
        bridge.run = run


async def test_whoever_logs_out_reads_the_reply_then_the_reason_then_the_code(node, make, hands):
    """B190, B31: also while the audit insert is held."""
    account = make.account()
    mine, sibling, bystander = make.session(account), make.session(account), make.session()
    async with opened(node, mine.token) as socket, opened(node, mine.token) as second:
        async with opened(node, sibling.token) as other, opened(node, bystander.token) as stranger:
            with hands.connection() as auditor:
                auditor.execute("LOCK TABLE audit_event")
                reply = await ask(socket, type="logout", id="bye")
                assert (reply["type"], reply["id"]) == ("logout", "bye")
                assert (await seen_close(socket)).told == (4001, "logged_out", "after_sign_in")
                assert (await seen_close(second)).told == (4001, "logged_out", "after_sign_in")  # B192
                assert (await seen_close(other)).told == (4005, "reconnect", "now")
            assert await echoes(stranger)
    async with opened(node, sibling.token) as back:
        assert await echoes(back)


async def test_frames_behind_the_request_to_log_out_are_not_dispatched_and_do_not_cut_the_goodbye_short(
    node, make
):
    """B191: nobody performs it for a while, longer than the grace for closing."""
    session = make.session()
    async with opened(node, session.token) as socket:
        await socket.send(json.dumps({"type": "logout", "id": 1}))
        for number in range(50):
            await socket.send(json.dumps({"type": "echo", "id": number}))
        assert (await received(socket))["type"] == "logout"
        assert (await seen_close(socket)).told == (4001, "logged_out", "after_sign_in")


async def test_whoever_logs_out_and_reads_nothing_is_cut_off_when_the_grace_is_over(settings, make, hands):
    """B193."""
    account = make.account()
    session, sibling = make.session(account), make.session(account)
    async with a_node(quick(settings, perform_within=0.2, close_grace=0.3)) as node:
        async with opened(node, sibling.token) as other, connected_peer(node, token=session.token) as peer:
            await eventually(lambda: len(entries_of(node)) == 2)
            (entry,) = [each for each in entries_of(node) if each.token_hash == session.token_hash]
            await eventually(lambda: entry.handle is not None)
            await peer.send(TEXT, b'{"type":"logout","id":1}')
            assert (await seen_close(other)).told == (4005, "reconnect", "now")
            await eventually(lambda: entry not in entries_of(node), within_s=3)
    (row,) = await hands.sql("SELECT aborted FROM receipt_node WHERE aborted > 0")
    assert row["aborted"] == 1


async def test_a_token_cannot_log_out(node, make):
    async with opened(node, make.api_token().token) as socket:
        assert await ask(socket, type="logout", id=1) == {"type": "error", "id": 1, "problem": "forbidden"}
        assert await echoes(socket)


async def test_a_bug_in_an_answer_ends_that_socket_with_1011_and_no_other(node, make):
    organization, bystander = make.organization(), make.session()

    async def stumble(*_args, **_more):
        raise ZeroDivisionError

    async with opened(node, organization.admin.token) as socket, opened(node, bystander.token) as other:
        answers = _answers(node)
        answers._org = stumble
        await socket.send(json.dumps({"type": "org", "id": 1, "org": organization.slug}))
        assert (await seen_close(socket)).told == (1011, "internal_error", None)
        del answers._org
        assert await echoes(other)


async def test_a_handler_in_flight_is_cancelled_when_its_socket_closes_and_its_result_is_not_delivered(
    node, make, hands
):
    """B177."""
    organization = make.organization()
    cancelled = asyncio.Event()
    started = asyncio.Event()

    async def slow(connection, request):
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with opened(node, organization.admin.token) as socket:
        _answers(node)._org = slow
        await socket.send(json.dumps({"type": "org", "id": 1, "org": organization.slug}))
        await started.wait()
        await hands.sql("DELETE FROM session WHERE id = %(id)s", id=organization.admin.session_id)
        assert (await seen_close(socket)).code == 4001
        await asyncio.wait_for(cancelled.wait(), 1)
    del _answers(node)._org


async def test_a_handler_that_swallows_cancellation_and_sends_on_delivers_nothing_and_delays_nothing(
    node, make, hands
):
    """B178."""
    organization = make.organization()
    started, stop = asyncio.Event(), asyncio.Event()
    refused_sends = []

    async def stubborn(connection, request):
        started.set()
        while not stop.is_set():
            try:
                await asyncio.sleep(0.005)
                if connection.entry.closing is not None:
                    await connection.reply('{"type":"secret"}')
            except asyncio.CancelledError:
                continue
            except ClientDisconnected as error:
                refused_sends.append(type(error).__name__)

    async with opened(node, organization.admin.token) as socket:
        _answers(node)._org = stubborn
        await socket.send(json.dumps({"type": "org", "id": 1, "org": organization.slug}))
        await started.wait()
        await hands.sql("DELETE FROM session WHERE id = %(id)s", id=organization.admin.session_id)
        assert (await seen_close(socket, within_s=2)).code == 4001
    while not refused_sends:
        await asyncio.sleep(0.005)
    stop.set()
    del _answers(node)._org
    assert set(refused_sends) == {"GateShut"}
