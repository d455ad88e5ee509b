"""Publishes a node's echoes over a connection of their own, so that the node can hear whether it still hears."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import hiredis

from app.fanout.channels import PLAIN, Verbs
from app.fanout.redis_stream import Frame, RedisRefusedError, dial
from app.fanout.routes import Route

__all__ = ["EchoSender"]

ECHOES_PER_CONNECTION = 60
"""Then it is dialled anew, and finds the server that publishers find: a subscription that was left behind on
another one (a failover by name) is deaf, and noticed."""


@dataclass(slots=True, kw_only=True)
class EchoSender:
    """Sends `payload(nonce)` to `channel` every `interval_s`, and tells `published` which nonces Redis took."""

    route: Route
    channel: bytes
    payload: Callable[[int], bytes]
    published: Callable[[int], None]
    interval_s: float
    verbs: Verbs = PLAIN
    _nonces: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def run(self) -> None:
        """Until cancelled. A Redis that cannot be reached is dialled again after an interval, for ever."""
        while True:
            try:
                await self._send_on_one_connection()
            except Exception:  # noqa: BLE001 - a node that cannot send itself an echo goes on trying
                await asyncio.sleep(self.interval_s)

    async def _send_on_one_connection(self) -> None:
        answers: asyncio.Queue[Frame] = asyncio.Queue()
        stream = await dial(await self.route.find(), answers.put_nowait, timeout_s=self.interval_s)
        try:
            for nonce in itertools.islice(self._nonces, ECHOES_PER_CONNECTION):
                stream.send(self.verbs.publish, self.channel, self.payload(nonce))
                async with asyncio.timeout(self.interval_s):
                    answer = await answers.get()
                if not isinstance(answer, hiredis.ReplyError):
                    self.published(nonce)
                elif self.route.is_redirected_by(str(answer)):
                    raise RedisRefusedError(str(answer))
                await asyncio.sleep(self.interval_s)
        finally:
            stream.abort("done")
