"""Somebody else's application beside ours: its sockets open, speak and end as ours do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.config import Settings
from app.data.engine import Database
from app.data.rows import run
from app.realtime.guests import Guests, who_is
from tests.builders import Builders
from tests.realtime.conditions import eventually
from tests.realtime.nodes import (
    RunningNode,
    a_node,
    by_the_doorbell_alone,
    entries_of,
    quick,
    received,
    refused,
    seen_close,
)

END_SESSION = "UPDATE session SET terminated_at = clock_timestamp() WHERE id = %(id)s"


def chat() -> FastAPI:
    """Says who one is, and then everything again; `cancelled` counts handlers that were ended in the middle."""

    @asynccontextmanager
    async def life(api: FastAPI) -> AsyncIterator[dict[str, Any]]:
        api.state.lives = "begun"
        yield {"greeting": "hello"}
        api.state.lives = "ended"

    api = FastAPI(lifespan=life)
    api.state.cancelled = 0
    api.state.heard = []

    @api.get("/hello")
    async def hello(request: Request) -> dict[str, str]:
        return {"says": request.state.greeting, "root": request.scope["root_path"]}

    @api.websocket("/room")
    async def room(socket: WebSocket) -> None:
        await socket.accept(subprotocol="chat")
        await socket.send_json({"you": str(who_is(socket.scope).account_id)})
        async for text in socket.iter_text():
            api.state.heard.append(text)
            await socket.send_text(text)

    @api.websocket("/slow")
    async def slow(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json({"type": "ready"})
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            api.state.cancelled += 1
            raise

    @api.websocket("/late")
    async def late(socket: WebSocket) -> None:
        await asyncio.Event().wait()

    @api.websocket("/short")
    async def short(socket: WebSocket) -> None:
        await socket.accept()

    @api.websocket("/no")
    async def no(socket: WebSocket) -> None:
        await socket.close()

    @api.websocket("/broken")
    async def broken(socket: WebSocket) -> None:
        await socket.accept()
        raise ValueError("a bug")

    @api.websocket("/broken-early")
    async def broken_early(socket: WebSocket) -> None:
        raise ValueError("a bug")

    return api


@asynccontextmanager
async def visiting(node: RunningNode, path: str, token: str) -> AsyncIterator[ClientConnection]:
    url = f"ws://127.0.0.1:{node.port}/chat{path}"
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(
        url, additional_headers=headers, subprotocols=[Subprotocol("chat")], proxy=None, ping_interval=None
    ) as socket:
        yield socket


async def closed_with(socket: ClientConnection) -> int | None:
    await asyncio.wait_for(socket.wait_closed(), 5)
    return socket.close_code


def url_of(node: RunningNode, path: str) -> str:
    return f"ws://127.0.0.1:{node.port}{path}"


async def test_a_guest_hears_whose_socket_it_is_and_talks(settings: Settings, make: Builders):
    session = make.session()
    async with (
        a_node(quick(settings), beside={"/chat": chat()}) as node,
        visiting(node, "/room", session.token) as socket,
    ):
        assert socket.subprotocol == "chat"
        assert await received(socket) == {"you": str(session.account_id)}
        await socket.send("first")
        await socket.send("second")
        assert [await socket.recv(), await socket.recv()] == ["first", "second"]


async def test_ending_the_session_closes_a_guests_socket_at_once_and_no_other(
    settings: Settings, make: Builders, database: Database
):
    session, other = make.session(), make.session()
    async with (
        a_node(quick(settings), beside={"/chat": chat()}) as node,
        visiting(node, "/room", session.token) as ends,
        visiting(node, "/room", other.token) as stays,
    ):
        assert await received(ends)
        assert await received(stays)
        with database.session() as db:
            run(db, END_SESSION, id=session.session_id)
        assert (await seen_close(ends)).told == (4001, "session_revoked", "after_sign_in")
        await stays.send("still here")
        assert await stays.recv() == "still here"


async def test_a_guests_handler_in_flight_is_cancelled(
    settings: Settings, make: Builders, database: Database
):
    session, api = make.session(), chat()
    async with (
        a_node(quick(settings), beside={"/chat": api}) as node,
        visiting(node, "/slow", session.token) as socket,
    ):
        assert await received(socket)
        with database.session() as db:
            run(db, END_SESSION, id=session.session_id)
        assert (await seen_close(socket)).code == 4001
        assert api.state.cancelled == 1


async def test_nothing_reaches_a_guest_or_leaves_it_while_its_gate_is_shut(
    settings: Settings, make: Builders
):
    session, api = make.session(), chat()
    async with (
        a_node(by_the_doorbell_alone(settings), beside={"/chat": api}) as node,
        visiting(node, "/room", session.token) as socket,
    ):
        assert await received(socket)
        (entry,) = entries_of(node)
        entry.is_mute = True
        await socket.send("held")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.3)
        assert api.state.heard == []
        entry.is_mute = False
        node.node.holder.wake_gates()
        assert await socket.recv() == "held"


async def test_a_dead_credential_never_reaches_the_guest(
    settings: Settings, make: Builders, database: Database
):
    gone = make.session()
    with database.session() as db:
        run(db, END_SESSION, id=gone.session_id)
    async with a_node(quick(settings), beside={"/chat": chat()}) as node:
        answer = await refused(node, gone.token, url=url_of(node, "/chat/room"))
        assert (answer.status, answer.body["reason"]) == (401, "session_revoked")
        nobody = await refused(node, url=url_of(node, "/chat/room"))
        assert nobody.status == 401


async def test_one_that_ends_before_the_guest_has_answered_is_refused(
    settings: Settings, make: Builders, database: Database
):
    session = make.session()
    async with a_node(quick(settings), beside={"/chat": chat()}) as node:
        opening = asyncio.create_task(refused(node, session.token, url=url_of(node, "/chat/late")))
        await eventually(lambda: any(entry.is_admitted for entry in entries_of(node)))
        with database.session() as db:
            run(db, END_SESSION, id=session.session_id)
        answer = await opening
        assert (answer.status, answer.body["reason"]) == (401, "session_revoked")


@pytest.mark.parametrize(("path", "status"), [("/no", 403), ("/nowhere", 403), ("/broken-early", 500)])
async def test_a_guest_may_refuse_and_may_fail(settings: Settings, make: Builders, path: str, status: int):
    session = make.session()
    async with a_node(quick(settings), beside={"/chat": chat()}) as node:
        assert (await refused(node, session.token, url=url_of(node, f"/chat{path}"))).status == status


@pytest.mark.parametrize(("path", "code"), [("/short", 1000), ("/broken", 1011)])
async def test_a_guest_that_returns_has_closed(settings: Settings, make: Builders, path: str, code: int):
    session = make.session()
    async with (
        a_node(quick(settings), beside={"/chat": chat()}) as node,
        visiting(node, path, session.token) as socket,
    ):
        assert await closed_with(socket) == code


async def test_a_guests_http_is_its_own_and_ours_stays_ours(settings: Settings):
    api = chat()
    async with a_node(quick(settings), beside={"/chat": api}) as node, httpx.AsyncClient() as client:
        address = f"http://127.0.0.1:{node.port}"
        assert (await client.get(f"{address}/chat/hello")).json() == {"says": "hello", "root": "/chat"}
        assert (await client.get(f"{address}/chatter")).status_code == 404
        assert (await client.get(f"{address}/livez")).status_code == 200
        assert api.state.lives == "begun"
    assert api.state.lives == "ended"


@pytest.mark.parametrize("prefix", ["chat", "/chat/", "/", ""])
def test_a_prefix_that_is_none_is_refused(prefix: str, settings: Settings):
    with pytest.raises(ValueError, match="no prefix"):
        Guests({prefix: chat()}, node=None)  # type: ignore[arg-type]
