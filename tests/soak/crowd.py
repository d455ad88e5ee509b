"""Thousands of sockets in one process: `python -m tests.soak.crowd`, told what to do on stdin, telling on stdout.

In, a JSON object a line: `open` (places), `doom` (keys whose credential is about to end), `judge` (a key, and the
instant when it has ended), `stop`. Out: how many are open and opening, now and then; at the end, the verdict.
"""

import asyncio
import json
import resource
import sys
from collections import Counter, defaultdict
from collections.abc import Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop

from app.clock import boot_seconds
from tests.soak.light_socket import LightSocket, Place, Refused
from tests.soak.promised import BOUND_S, GONE_WITHIN_S, TOO_LATE_S

TICK_S = 0.05
CHAT_EVERY_S = 30.0
"""How often a socket speaks of which nothing is expected; those of a credential that is about to end: every tick."""
OPENING_AT_ONCE = 48
TRY_AGAIN_S = 0.3
SPEAKS_WITHIN_S = 20.0
REVOKED = 4001


@dataclass(slots=True)
class Verdict:
    survivors: int = 0
    false_closes: int = 0
    mute: int = 0
    judged: int = 0
    worst_s: float = 0.0
    lag_s: float = 0.0
    """How late this process itself was at worst: what it sees, it sees that much later."""
    problems: list[str] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        for name in ("survivors", "false_closes", "mute", "judged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.worst_s, self.lag_s = max(self.worst_s, other.worst_s), max(self.lag_s, other.lag_s)
        self.problems += other.problems


class Crowd:
    def __init__(self) -> None:
        self.verdict = Verdict()
        self.opening = 0
        self._sockets: dict[str, list[LightSocket]] = defaultdict(list)
        self._doomed: set[str] = set()
        self._slots = asyncio.Semaphore(OPENING_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._lags: list[tuple[float, float]] = []

    @property
    def open_count(self) -> int:
        return sum(socket.code is None for sockets in self._sockets.values() for socket in sockets)

    async def run(self) -> None:
        orders = await _stdin()
        ticking = asyncio.create_task(self._tick())
        while (line := await orders.readline()) and "stop" not in (order := json.loads(line)):
            self._obey(order)
        await asyncio.gather(*self._tasks)
        ticking.cancel()
        self._look_for_false_closes()
        # A socket that opened while its credential ended, and was not yet there to be judged.
        left = [each for key in self._doomed & self._sockets.keys() for each in self._sockets.pop(key)]
        self.verdict.survivors += sum(each.code is None for each in left)
        await self._let_everybody_speak()
        self.verdict.lag_s = max((lag for _, lag in self._lags), default=0.0)
        _tell(asdict(self.verdict))
        for sockets in self._sockets.values():
            for socket in sockets:
                socket.leave()

    def _obey(self, order: dict[str, Any]) -> None:
        for key, token, url in order.get("open", ()):
            self.opening += 1
            self._start(self._open(Place(key, token, url)))
        self._doomed.update(order.get("doom", ()))
        if "judge" in order:
            self._start(self._judge(order["judge"], order["ended_at"]))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, place: Place) -> None:
        """As often as a node says that it is not current; but never with a credential that is ending."""
        async with self._slots:
            while place.key not in self._doomed:
                try:
                    socket = await LightSocket.open(place)
                    # Only now: lists are replaced meanwhile.
                    self._sockets[place.key].append(socket)
                    break
                except Refused as refused:
                    if refused.status != 503 and place.key not in self._doomed:
                        self.verdict.false_closes += 1
                        self.verdict.problems.append(f"a good credential was refused: {refused.status}")
                        break
                except OSError:
                    pass
                await asyncio.sleep(TRY_AGAIN_S)
        self.opening -= 1

    async def _judge(self, key: str, ended_at: float) -> None:
        await asyncio.sleep(max(0.0, ended_at + GONE_WITHIN_S - boot_seconds()))
        # We too are late when the machine is busy: what was in our hands in time may be read late.
        lag_s = max((lag for at, lag in self._lags if at >= ended_at), default=0.0)
        for socket in self._sockets.pop(key, ()):
            life_s = socket.last_frame_at - ended_at
            self.verdict.judged += 1
            self.verdict.worst_s = max(self.verdict.worst_s, life_s)
            if life_s > BOUND_S + TOO_LATE_S + lag_s or socket.code is None:
                self.verdict.survivors += 1
                self.verdict.problems.append(f"{life_s:.2f} s, code {socket.code}, our own lag {lag_s:.2f} s")
            elif socket.code != REVOKED:
                self.verdict.problems.append(f"closed with {socket.code}")
            socket.leave()

    async def _tick(self) -> None:
        ticks = 0
        while True:
            due_at = boot_seconds() + TICK_S
            await asyncio.sleep(TICK_S)
            self._lags.append((boot_seconds(), boot_seconds() - due_at))
            ticks += 1
            self._chat(ticks)
            if ticks % 5 == 0:
                _tell({"open": self.open_count, "opening": self.opening, "said": self.verdict.problems[-3:]})
            if ticks % 100 == 0:
                self._look_for_false_closes()

    def _chat(self, ticks: int) -> None:
        for key in self._doomed & self._sockets.keys():
            for socket in self._sockets[key]:
                socket.echo()
        every = round(CHAT_EVERY_S / TICK_S)
        for number, sockets in enumerate(self._sockets.values()):
            if number % every == ticks % every:
                for socket in sockets:
                    socket.echo()

    def _look_for_false_closes(self) -> None:
        closed = Counter[int]()
        for key in self._sockets.keys() - self._doomed:
            sockets = self._sockets[key]
            closed.update(socket.code for socket in sockets if socket.code is not None)
            self._sockets[key] = [socket for socket in sockets if socket.code is None]
        self.verdict.false_closes += closed.total()
        self.verdict.problems += [f"{count} false closes with {code}" for code, count in closed.items()]

    async def _let_everybody_speak(self) -> None:
        staying = [socket for sockets in self._sockets.values() for socket in sockets if socket.code is None]
        before = [socket.answered for socket in staying]
        for start in range(0, len(staying), 200):
            for socket in staying[start : start + 200]:
                socket.echo()
            await asyncio.sleep(TICK_S)
        gives_up_at = boot_seconds() + SPEAKS_WITHIN_S
        while boot_seconds() < gives_up_at:
            self.verdict.mute = sum(
                socket.answered <= count for socket, count in zip(staying, before, strict=True)
            )
            if not self.verdict.mute:
                return
            await asyncio.sleep(TICK_S)


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=2**26)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


def _tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(Crowd().run())


if __name__ == "__main__":
    main()
