"""The sockets of one scenario: who is on stage, who has to go, and what became of each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.cli.demo.outcome import SocketOutcome
from app.cli.demo.watched_socket import Refused, WatchedSocket
from app.cli.fleet.fleet import NodeAddress

__all__ = ["Cast", "Part"]

CLOSED_WITHIN_S = 10.0
QUIET_S = 0.25
"""How long a scenario watches for more after the last expected close; the end of the demo looks once more."""
RECONNECT = 4005
REFUSED = 401


@dataclass(frozen=True, slots=True)
class Part:
    """A socket and the close code that it has to get; None: it has to go on echoing."""

    socket: WatchedSocket
    expected_code: int | None


class Cast:
    """Opens sockets on every node, and tells afterwards whether exactly the right ones were closed."""

    def __init__(self, nodes: Sequence[NodeAddress]) -> None:
        self._nodes = nodes
        self._parts: list[Part] = []
        self.faults: list[str] = []

    async def enter(self, token: str, *, ends_with: int | None, per_node: int = 1) -> None:
        """That credential has a socket, or several, on every node."""
        urls = [node.websocket for node in self._nodes for _ in range(per_node)]
        sockets = await asyncio.gather(*(WatchedSocket.open(url, token) for url in urls))
        self._parts += [Part(socket, ends_with) for socket in sockets]

    async def watch_the_end(self) -> None:
        """Returns when those that have to go are gone, and nobody else for a moment; or when that takes too long."""
        leaving = [part.socket.is_over.wait() for part in self._parts if part.expected_code is not None]
        try:
            await asyncio.wait_for(asyncio.gather(*leaving), CLOSED_WITHIN_S)
        except TimeoutError:
            self.faults.append(f"not all were closed within {CLOSED_WITHIN_S:g} s")
        await asyncio.sleep(QUIET_S)
        await self.check_the_others()

    async def check_the_others(self) -> None:
        """Whoever should be open echoes."""
        staying = [part.socket for part in self._parts if part.expected_code is None]
        echoes = await asyncio.gather(*(socket.echoes() for socket in staying))
        mute = sum(not echo and socket.ended is None for echo, socket in zip(echoes, staying, strict=True))
        if mute:
            self.faults.append(f"{mute} that should go on echoing are mute")

    async def come_back(self) -> None:
        """Whose credential is dead is refused with the reason that closed the socket; whoever was to reconnect may stay."""
        seen = {part.socket.token: part for part in self._parts if part.socket.ended is not None}
        for part in seen.values():
            await (self._return_to_stay(part) if part.expected_code == RECONNECT else self._be_refused(part))

    def outcomes(self, *, since: float) -> list[SocketOutcome]:
        """What each socket should have got, and got, by now."""
        return [
            SocketOutcome(
                expected_code=part.expected_code,
                code=ended.code if (ended := part.socket.ended) else None,
                latency_s=ended.at - since if ended else None,
            )
            for part in self._parts
        ]

    async def leave(self) -> None:
        """All sockets are closed by their clients."""
        await asyncio.gather(*(part.socket.leave() for part in self._parts))

    async def _return_to_stay(self, part: Part) -> None:
        try:
            socket = await WatchedSocket.open(part.socket.url, part.socket.token)
        except Refused as refused:
            self.faults.append(f"told to reconnect, and then {refused}")
            return
        self._parts.append(Part(socket, None))

    async def _be_refused(self, part: Part) -> None:
        ended = part.socket.ended
        assert ended is not None, "only those who were closed come back"
        try:
            socket = await WatchedSocket.open(part.socket.url, part.socket.token)
        except Refused as refused:
            if (refused.status, refused.reason) != (REFUSED, ended.reason):
                self.faults.append(f"closed as {ended.reason}, and then {refused}")
            return
        await socket.leave()
        self.faults.append(f"closed with {ended.code} {ended.reason}, and then admitted again")
