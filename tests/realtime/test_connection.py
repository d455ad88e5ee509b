"""The ladder on real sockets: closed means closed, whatever the peer does (B175 to B188)."""

import asyncio
import json
from contextlib import suppress

import pytest
from prometheus_client import REGISTRY
from websockets.exceptions import ConnectionClosed

from app.clock import boot_seconds
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from tests.realtime.conditions import eventually
from tests.realtime.nodes import (
    a_node,
    by_the_doorbell_alone,
    echoes,
    entries_of,
    opened,
    quick,
    refused,
    seen_close,
)
from tests.realtime.raw_peer import CLOSE, PING, TEXT, connected_peer

GRACE_S = 0.5


@pytest.fixture
async def node(settings):
    async with a_node(quick(settings, close_grace=GRACE_S)) as node:
        yield node


def ended(reason: str, outcome: str) -> float:
    labels = {"reason": reason, "outcome": outcome}
    return REGISTRY.get_sample_value("cutoff_sockets_ended_total", labels) or 0.0


async def end(hands, session):
    return await hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id)


async def receipt_of(hands, revocation_id):
    receipt = await hands.receipt(revocation_id, lambda receipt: receipt.closed + receipt.closing > 0)
    receipt = await hands.receipt(revocation_id, lambda receipt: receipt.closing == 0)
    (of_node,) = receipt.nodes
    return of_node.clean, of_node.aborted, of_node.already_gone


async def test_a_willing_client_reads_the_reason_then_the_code_at_once_and_the_receipt_says_clean(
    settings, make, hands
):
    """B184, B1, B2."""
    account = make.account()
    session, sibling, bystander = make.session(account), make.session(account), make.session()
    async with a_node(by_the_doorbell_alone(settings)) as node, opened(node, session.token) as socket:
        async with opened(node, sibling.token) as near, opened(node, bystander.token) as far:
            revocation_id = await end(hands, session)
            seen = await seen_close(socket, within_s=5)
            assert seen.told == (4001, "session_revoked", "after_sign_in")
            assert seen.message == {
                "type": "closing", "code": 4001, "reason": "session_revoked", "retry": "after_sign_in",
            }  # fmt: skip
            assert await echoes(near)
            assert await echoes(far)
        assert await receipt_of(hands, revocation_id) == (1, 0, 0)


async def test_a_peer_that_never_answers_the_close_is_aborted_when_the_grace_is_over(node, make, hands):
    """B180, B187: until then it is in the registry, closed and silent."""
    session, bystander = make.session(), make.session()
    async with opened(node, bystander.token) as other, connected_peer(node, token=session.token) as peer:
        await peer.read_response()
        assert "ready" in (await peer.read()).text
        entry = next(entry for entry in entries_of(node) if entry.token_hash == session.token_hash)
        revocation_id = await end(hands, session)
        assert json.loads((await peer.read()).text)["reason"] == "session_revoked"
        told_at = boot_seconds()
        frame = await peer.read()
        assert (frame.opcode, frame.code) == (CLOSE, 4001)
        assert entry in entries_of(node)
        assert (await peer.read_to_end()).data == b""
        assert GRACE_S - 0.1 < boot_seconds() - told_at < GRACE_S + 0.8
        assert await receipt_of(hands, revocation_id) == (0, 1, 0)
        assert await echoes(other)


async def test_a_peer_that_never_reads_is_reset_at_once_and_gets_nothing_of_what_was_queued(
    node, make, hands
):
    """B181, B185: its buffers are full, and not even the last message would get there."""
    session, bystander = make.session(), make.session()
    async with opened(node, bystander.token) as other:
        async with connected_peer(node, token=session.token, small_buffer=True) as peer:
            await peer.read_response()
            entry = next(entry for entry in entries_of(node) if entry.token_hash == session.token_hash)
            flood = asyncio.create_task(_flood(peer))
            await eventually(lambda: entry.handle is not None and entry.handle.transport.buffered() > 0)
            revocation_id = await end(hands, session)
            await eventually(lambda: entry not in entries_of(node), within_s=2)
            flood.cancel()
            await asyncio.wait({flood})
            assert await receipt_of(hands, revocation_id) == (0, 1, 0)
            assert b"closing" not in (await peer.read_to_end()).data
        again = await refused(node, session.token)
        assert (again.status, again.body["reason"]) == (401, "session_revoked")
        assert await echoes(other)


async def _flood(peer) -> None:
    request = json.dumps({"type": "echo", "id": 1, "payload": "x" * 8_000}).encode()
    try:
        while True:
            await peer.send(TEXT, request)
    except (OSError, TimeoutError):
        return


async def test_a_peer_that_goes_on_sending_has_nothing_dispatched_and_no_more_time(node, make, hands):
    """B182, B175."""
    session = make.session()
    async with connected_peer(node, token=session.token) as peer:
        await peer.read_response()
        await peer.read()
        revocation_id = await end(hands, session)
        assert "closing" in (await peer.read()).text
        assert (await peer.read()).opcode == CLOSE
        began = boot_seconds()
        echo = json.dumps({"type": "echo", "id": 1}).encode()
        while boot_seconds() < began + 3:
            try:
                await peer.send(TEXT, echo)
                await peer.send(PING)
            except OSError:
                break
            await asyncio.sleep(0.01)
        assert boot_seconds() - began < GRACE_S + 0.8
        assert (await peer.read_to_end()).data == b""
        assert await receipt_of(hands, revocation_id) == (0, 1, 0)


async def test_half_a_message_is_never_dispatched(node, make, hands):
    """B179."""
    session = make.session()
    async with connected_peer(node, token=session.token) as peer:
        await peer.read_response()
        await peer.read()
        await peer.send(TEXT, b'{"type":"echo",', fin=False)
        await end(hands, session)
        assert "closing" in (await peer.read()).text
        assert (await peer.read()).opcode == CLOSE
        await peer.send(0x0, b'"id":1}')
        await peer.send_close(4001)
        assert (await peer.read_to_end()).data == b""


async def test_a_peer_that_left_before_it_could_answer_is_already_gone(node, make, hands):
    """B183."""
    session = make.session()
    async with connected_peer(node, token=session.token) as peer:
        await peer.read_response()
        await peer.read()
        revocation_id = await end(hands, session)
        await peer.read()
        peer.hang_up()
        await eventually(lambda: not entries_of(node))
        clean, aborted, already_gone = await receipt_of(hands, revocation_id)
        assert (clean, aborted + already_gone) == (0, 1)


async def test_a_socket_named_by_several_closes_at_once_ends_once_and_the_dead_credential_wins(
    node, make, hands
):
    """B186: 4001 and 4005 for one socket, in one transaction and in two."""
    account = make.account()
    session, sibling = make.session(account), make.session(account)
    async with opened(node, session.token) as socket, opened(node, sibling.token) as other:
        with hands.connection() as both:
            both.execute(
                "UPDATE account SET signed_out_at = clock_timestamp() WHERE id = %s", [account.account_id]
            )
            both.execute(
                "UPDATE session SET terminated_at = clock_timestamp() WHERE id = %s", [session.session_id]
            )
        await hands.sql("DELETE FROM session WHERE id = %(id)s", id=session.session_id)
        assert (await seen_close(socket)).told == (4001, "session_revoked", "after_sign_in")
        assert (await seen_close(other)).told == (4005, "reconnect", "now")


async def test_a_reply_that_races_with_the_close_comes_before_the_last_message_or_not_at_all(
    node, make, hands
):
    """B176: after `closing` there is nothing but the close."""
    session = make.session()
    async with opened(node, session.token) as socket:
        for number in range(300):
            await socket.send(json.dumps({"type": "echo", "id": number}))
        ending = asyncio.create_task(end(hands, session))
        kinds = []
        with suppress(ConnectionClosed):
            while True:
                kinds.append(json.loads(await socket.recv())["type"])
                if len(kinds) % 50 == 0:
                    await socket.send(json.dumps({"type": "echo", "id": 0}))
        await ending
        assert kinds[-1] == "closing"
        assert "closing" not in kinds[:-1]
        assert socket.close_code == 4001


async def test_those_who_are_asked_to_come_back_get_different_times(node, make, hands):
    """B197."""
    session = make.session()
    token = make.api_token(session)
    async with (
        opened(node, token.token) as one,
        opened(node, token.token) as two,
        opened(node, token.token) as three,
        opened(node, token.token) as four,
    ):
        await hands.revoke(end_all_own_sessions, caller=session.caller, except_current=False)
        seen = [await seen_close(socket) for socket in (one, two, three, four)]
        assert {each.told for each in seen} == {(4005, "reconnect", "now")}
        times = [each.message["retry_after_ms"] for each in seen]
        assert all(0 < time <= 250 for time in times)
        assert len(set(times)) > 1


async def test_a_socket_that_ends_by_itself_is_in_no_receipt_and_no_count(node, make):
    session = make.session()
    before = ended("session_revoked", "clean")
    async with opened(node, session.token):
        pass
    await eventually(lambda: not entries_of(node))
    assert ended("session_revoked", "clean") == before
    assert node.node.holder.books.take() == ()
