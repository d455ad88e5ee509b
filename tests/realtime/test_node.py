"""How a node begins and ends (B81, B155, B199 to B201, B262, B266)."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from app.operations.end_own_session import end_own_session
from app.realtime import node as node_module
from app.sockets.entry import Entry
from tests.realtime.conditions import always, eventually
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
from tests.realtime.raw_peer import connected_peer


async def row_of(hands, node):
    (row,) = await hands.sql("SELECT * FROM node WHERE id = %(id)s", id=node.node.node_id)
    return row


async def test_the_nodes_row_is_there_with_a_snapshot_before_its_first_socket_is_admitted(
    settings, make, hands
):
    """B81, B155: the report waits for a lock, and so do sockets."""
    session = make.session()
    with hands.connection() as somebody:
        somebody.execute("LOCK TABLE node IN SHARE MODE")  # it may be read
        async with a_node(quick(settings), ready=False) as node:
            await eventually(lambda: node.node.is_current)
            await always(lambda: not node.node.takes_sockets, for_s=0.3)
            assert "The node's row is not in the database yet." in node.node.why
            assert (await refused(node, session.token)).status == 503
            somebody.rollback()
            await eventually(lambda: node.node.takes_sockets)
            row = await row_of(hands, node)
            assert row["snapshot"] is not None
            assert row["left_at"] is None
            async with opened(node, session.token) as socket:
                assert await echoes(socket)


async def test_a_node_without_redis_takes_sockets_and_says_that_the_doorbell_is_lost(settings, make):
    """B128."""
    async with a_node(by_the_log_alone(settings)) as node, opened(node, make.session().token) as socket:
        assert not node.node.is_subscribed
        assert any("doorbell is lost" in sentence for sentence in node.node.why)
        assert await echoes(socket)


async def test_a_node_whose_database_is_away_begins_and_waits(settings, make):
    gone = settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/nowhere"})
    async with a_node(quick(gone), ready=False) as node:
        assert not node.node.takes_sockets
        assert "PostgreSQL does not answer." in node.node.why
        assert (await refused(node, make.session().token)).status == 503


@pytest.mark.parametrize("table", ["session", "account", "audit_event"])
async def test_a_node_does_not_become_ready_while_a_trigger_is_off_and_says_which(settings, hands, table):
    """B266."""
    trigger = {"session": "session_updated", "account": "account_purged", "audit_event": "audit_guard"}[table]
    with hands.connection() as owner:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    async with a_node(quick(settings), ready=False) as node:
        await eventually(lambda: node.node.holder.is_registered and node.node.is_current)
        await eventually(lambda: any(f"{table}.{trigger}" in sentence for sentence in node.node.why))
        assert not node.node.takes_sockets
        with hands.connection() as owner:
            owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
        await eventually(lambda: node.node.takes_sockets)


async def test_a_node_takes_nothing_before_it_has_looked_at_the_triggers(settings, hands):
    async with a_node(quick(settings), ready=False) as node:
        assert node.node.holder.triggers_missing is None
        assert not node.node.takes_sockets
        await eventually(lambda: node.node.takes_sockets)
        assert node.node.holder.triggers_missing == ()


async def test_a_node_that_stops_sends_its_sockets_elsewhere_and_its_row_says_that_it_left(
    settings, make, hands
):
    """B199."""
    async with a_node(quick(settings)) as node:
        async with opened(node, make.session().token) as one, opened(node, make.api_token().token) as two:
            stopping = asyncio.create_task(node.node.stop())
            seen = [await seen_close(socket) for socket in (one, two)]
            assert {each.told for each in seen} == {(1012, "node_shutting_down", "now")}
            assert all(each.message["retry_after_ms"] > 0 for each in seen)
            assert (await refused(node, make.session().token)).status == 503
            await stopping
            assert (await row_of(hands, node))["left_at"] is not None
            assert node.node.is_shutting_down


async def test_a_socket_that_is_opening_when_the_node_stops_is_refused(settings, make):
    from tests.realtime.openings import paused_after_the_read

    async with a_node(quick(settings)) as node, paused_after_the_read(node) as pause:
        opening = asyncio.create_task(refused(node, make.session().token))
        await pause.reached.wait()
        node.node.holder.begin_to_leave()
        pause.over.set()
        assert (await opening).status == 503


async def test_what_ends_while_the_node_stops_is_told_so_if_its_turn_has_not_come(settings, make, hands):
    """B200: the gates are shut, and the pump has not got there."""
    session = make.session()
    async with a_node(quick(settings)) as node, opened(node, session.token) as socket:
        pump = node.node.holder.pump
        held: list[Entry] = []
        pump.add = held.extend  # type: ignore[method-assign, assignment]
        node.node.holder.begin_to_leave()
        await hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id)
        (entry,) = entries_of(node)
        await eventually(lambda: entry.closing is not None and entry.closing.code == 4001)
        del pump.add
        pump.add(held)
        assert (await seen_close(socket)).told == (4001, "session_revoked", "after_sign_in")


async def test_a_stop_takes_a_bounded_time_whatever_peers_do(settings, make, monkeypatch):
    """B201."""
    monkeypatch.setattr(node_module, "DRAIN_WITHIN_S", 0.3)
    async with a_node(quick(settings, close_grace=30)) as node:
        async with connected_peer(node, token=make.session().token) as peer:
            await peer.read_response()
            await peer.read()
            async with asyncio.timeout(4):
                await node.node.stop()
            await eventually(lambda: not entries_of(node))


async def test_a_part_that_fails_takes_the_node_out_of_service(settings, make, monkeypatch):
    """No silent death: nobody is left with a socket that nothing can close."""
    async with a_node(quick(settings)) as node, opened(node, make.session().token) as socket:

        def stumble(*_args, **_more):
            raise ZeroDivisionError

        monkeypatch.setattr(node.node.tail, "_answer", stumble)
        assert (await seen_close(socket)).code == 1012
        assert not node.node.takes_sockets
        assert "The node is shutting down." in node.node.why


async def test_the_server_stops_with_sockets_open(settings, make):
    """SIGTERM: uvicorn asks each connection to shut down."""
    session = make.session()
    async with a_node(quick(settings)) as node:
        opening = opened(node, session.token)
        socket = await opening.__aenter__()
        for connection in list(entries_of(node)):
            connection.handle.transport._protocol.shutdown()
        assert (await seen_close(socket)).told == (1012, "node_shutting_down", "now")
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        await opening.__aexit__(None, None, None)
