"""python-socketio with its Redis manager on uvicorn. `python_socketio_server.py PORT`, with REDIS_URL.

It has no "disconnect a room", so the ids of an account's sockets are kept in Redis for the sender.
"""

import os
import sys
from typing import Any
from urllib.parse import parse_qs

import socketio
import uvicorn
from redis.asyncio import Redis

REDIS_URL = os.environ["REDIS_URL"]
redis = Redis.from_url(REDIS_URL)
server = socketio.AsyncServer(
    async_mode="asgi", client_manager=socketio.AsyncRedisManager(REDIS_URL), transports=["websocket"]
)


@server.event
async def connect(sid: str, environ: dict[str, Any], _auth: object = None) -> None:
    """The account's set has one more."""
    account = parse_qs(environ["QUERY_STRING"])["account"][0]
    await redis.sadd(f"sids:{account}", sid)


@server.event
async def e(sid: str, payload: object) -> None:
    """An echo."""
    await server.emit("e", payload, to=sid, ignore_queue=True)


if __name__ == "__main__":
    uvicorn.run(
        socketio.ASGIApp(server),
        port=int(sys.argv[1]),
        ws="websockets-sansio",
        loop="uvloop",
        log_level="error",
        access_log=False,
        backlog=4096,
    )
