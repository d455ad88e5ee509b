"""What tasks wait for on a connection. Nothing is made before somebody waits, and hardly any socket has anybody waiting."""

import asyncio

__all__ = ["Once", "Waiters"]


class Waiters:
    """Tasks that want to look again. An `asyncio.Event` would take 800 bytes of every socket."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] | None = None

    def wake(self) -> None:
        """All who wait look again; who comes later waits for the next time."""
        waiting, self._waiting = self._waiting, None
        for each in waiting or ():
            if not each.done():
                each.set_result(None)

    async def wait(self) -> None:
        """It was called for since. Whoever has seen something and waits without an await between misses nothing."""
        mine = asyncio.get_running_loop().create_future()
        if self._waiting is None:
            self._waiting = []
        self._waiting.append(mine)
        await mine


class Once:
    """Something that happens, and then has happened."""

    __slots__ = ("_has_happened", "_waiters")

    def __init__(self) -> None:
        self._has_happened = False
        self._waiters: Waiters | None = None

    def is_set(self) -> bool:
        """Whether it has happened."""
        return self._has_happened

    def set(self) -> None:
        """It has, and whoever waits goes on."""
        self._has_happened = True
        if self._waiters is not None:
            self._waiters.wake()

    async def wait(self) -> None:
        """It has happened."""
        if not self._has_happened:
            if self._waiters is None:
                self._waiters = Waiters()
            await self._waiters.wait()
