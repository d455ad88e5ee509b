"""The floor: what one writes by hand in an hour. `python -m benchmarks.peers.subscriber PORT`, with REDIS_URL.

An ASGI application on uvicorn's `websockets-sansio`, and a Redis subscriber that closes an account's sockets. It checks
no credential, keeps no promise when a message is lost, and gives no receipt.
"""

import asyncio
import json
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from redis.asyncio import Redis

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_sockets: dict[str, set[Send]] = defaultdict(set)
_tasks: set[asyncio.Future[Any]] = set()


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    """One socket, or the server's life."""
    if scope["type"] == "lifespan":
        await receive()
        _keep(listen())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await converse(scope["query_string"].partition(b"=")[2].decode(), receive, send)


async def converse(account: str, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    """Ready, and an echo for each message."""
    await receive()
    await send({"type": "websocket.accept"})
    _sockets[account].add(send)
    try:
        await send({"type": "websocket.send", "text": "ready"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
    finally:
        _sockets[account].discard(send)
        if not _sockets[account]:
            del _sockets[account]


async def listen() -> None:
    """Closes what Redis names, all at once."""
    async with Redis.from_url(os.environ["REDIS_URL"]).pubsub() as subscription:
        await subscription.subscribe("bench:close")
        async for message in subscription.listen():
            if message["type"] == "message":
                order = json.loads(message["data"])
                for send in tuple(_sockets.get(order["account"], ())):
                    _keep(send({"type": "websocket.close", "code": order["code"]}))


def _keep(work: Awaitable[Any]) -> None:
    """Without a strong reference a task may be collected in the middle of its work."""
    task = asyncio.ensure_future(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        ws="websockets-sansio",
        loop="uvloop",
        http="httptools",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        log_level="error",
        access_log=False,
        backlog=4096,
    )
