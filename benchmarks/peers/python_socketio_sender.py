"""Asks python-socketio's manager for closes: one message a socket, since it cannot disconnect a room."""

import asyncio
import os
from collections.abc import Sequence

import socketio
from redis.asyncio import Redis

from benchmarks.sending import serve

_loop = asyncio.new_event_loop()
_redis = Redis.from_url(os.environ["REDIS_URL"])
_server = socketio.AsyncServer(client_manager=socketio.AsyncRedisManager(os.environ["REDIS_URL"]))


def close(keys: Sequence[str]) -> None:
    """All of them, at once."""
    _loop.run_until_complete(_close_all(keys))


async def _close_all(keys: Sequence[str]) -> None:
    await asyncio.gather(*(_close(key) for key in keys))


async def _close(key: str) -> None:
    for sid in await _redis.smembers(f"sids:{key}"):
        await _server.disconnect(sid.decode())
    await _redis.delete(f"sids:{key}")


if __name__ == "__main__":
    asyncio.set_event_loop(_loop)
    serve(close)
