"""Holds the sockets of one stack in a process of its own, and notes when each was closed.

`python -m benchmarks.crowd`: a JSON line for an order, a JSON line for its answer. Orders: `open` (key, URL, token of
each), `ends` (of those keys: when the last socket of each closed; they are forgotten), `echo` (so many a second, over
those keys' sockets; 0 ends it, and answers with the round trips), `leave`.
"""

import asyncio
import itertools
import json
import resource
import sys
from collections import defaultdict
from typing import Any

import uvloop

from app.clock import boot_seconds
from benchmarks.light_socket import LightSocket

OPENING_AT_ONCE = 48
LOOK_EVERY_S = 0.02
UNAVAILABLE = " 503 "
TRIES = 50
TRY_AGAIN_S = 0.1


class Crowd:
    """Sockets by key: an account has several."""

    def __init__(self, *, speaks_socketio: bool) -> None:
        self._speaks_socketio = speaks_socketio
        self._sockets: dict[str, list[LightSocket]] = defaultdict(list)
        self._echoing: asyncio.Task[None] | None = None
        self._echoed: list[LightSocket] = []

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """What came of it."""
        if "open" in order:
            return await self._open(order["open"])
        if "ends" in order:
            return await self._ends(order["ends"], within_s=order["within_s"])
        if "echo" in order:
            return self._echo(order["echo"], per_second=order["per_second"])
        for sockets in self._sockets.values():
            for socket in sockets:
                socket.leave()
        self._sockets.clear()
        return {}

    async def _open(self, places: list[list[str]]) -> dict[str, Any]:
        began_at, failures = boot_seconds(), list[str]()
        waiting = iter(places)

        async def open_some() -> None:
            for key, url, token in waiting:
                try:
                    self._sockets[key].append(await self._open_one(url, token))
                except OSError as error:
                    failures.append(str(error))

        await asyncio.gather(*(open_some() for _ in range(OPENING_AT_ONCE)))
        took_s = boot_seconds() - began_at
        return {"opened": len(places) - len(failures), "took_s": took_s, "failures": failures[:3]}

    async def _open_one(self, url: str, token: str) -> LightSocket:
        """A server that has too much to do says so, and is asked again, as a client would."""
        for _ in range(TRIES):
            socket = LightSocket(url, token=token, speaks_socketio=self._speaks_socketio)
            try:
                await socket.open()
            except ConnectionRefusedError as refused:
                if UNAVAILABLE not in str(refused):
                    raise
                await asyncio.sleep(TRY_AGAIN_S)
            else:
                return socket
        raise ConnectionRefusedError("unavailable for too long")

    async def _ends(self, keys: list[str], *, within_s: float) -> dict[str, Any]:
        gives_up_at = boot_seconds() + within_s
        watched = {key: self._sockets.get(key, []) for key in keys}
        open_still = [socket for sockets in watched.values() for socket in sockets]
        while open_still and boot_seconds() < gives_up_at:
            await asyncio.sleep(LOOK_EVERY_S)
            open_still = [socket for socket in open_still if socket.closed_at is None]
        for key in keys:
            self._sockets.pop(key, None)
        for socket in open_still:
            socket.leave()
        ends = {
            key: max(socket.closed_at for socket in sockets if socket.closed_at is not None)
            for key, sockets in watched.items()
            if sockets and all(socket.closed_at is not None for socket in sockets)
        }
        return {"ends": ends, "missing": len(open_still)}

    def _echo(self, keys: list[str], *, per_second: float) -> dict[str, Any]:
        if self._echoing is not None:
            self._echoing.cancel()
            self._echoing = None
        trips = [trip for socket in self._echoed for trip in socket.round_trips]
        for socket in self._echoed:
            socket.round_trips.clear()
        if per_second:
            self._echoed = [socket for key in keys for socket in self._sockets[key]]
            self._echoing = asyncio.create_task(_keep_asking(self._echoed, per_second))
        return {"round_trips": trips}


async def _keep_asking(sockets: list[LightSocket], per_second: float) -> None:
    """At that pace whatever comes back when; whoever is late is asked no less."""
    due_at = boot_seconds()
    for socket in itertools.cycle(sockets):
        due_at += 1 / per_second
        await asyncio.sleep(max(0.0, due_at - boot_seconds()))
        socket.echo()


async def main() -> None:
    """Until standard input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    orders = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    crowd = Crowd(speaks_socketio="--socketio" in sys.argv)
    while line := await orders.readline():
        print(json.dumps(await crowd.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
