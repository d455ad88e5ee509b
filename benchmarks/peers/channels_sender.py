"""Asks Channels' layer for closes."""

import asyncio
import os
from collections.abc import Sequence

from channels_redis.pubsub import RedisPubSubChannelLayer

from benchmarks.sending import serve

_loop = asyncio.new_event_loop()
_layer = RedisPubSubChannelLayer(hosts=[os.environ["REDIS_URL"]])


def close(keys: Sequence[str]) -> None:
    """All of them, at once."""
    _loop.run_until_complete(_close(keys))


async def _close(keys: Sequence[str]) -> None:
    event = {"type": "force.close", "code": 4001}
    await asyncio.gather(*(_layer.group_send(key, event) for key in keys))


if __name__ == "__main__":
    asyncio.set_event_loop(_loop)
    serve(close)
