"""The processes that hold the sockets, as the soak commands them."""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from tests.faults.world import ROOT
from tests.soak.crowd import Verdict
from tests.soak.light_socket import Place

SOCKETS_IN_A_PROCESS = 2_500
VERDICT_WITHIN_S = 90.0
LONGEST_LINE = 2**20


class Crowds:
    """Each key's sockets are in one process, whichever node they are on."""

    def __init__(self, processes: list[asyncio.subprocess.Process]) -> None:
        self._processes = processes
        self._counts: list[dict[str, Any]] = [{} for _ in processes]
        self._verdicts: list[Verdict] = []
        self._listening = [asyncio.create_task(self._listen(number)) for number in range(len(processes))]
        self._next = 0
        self._home: dict[str, int] = {}

    @classmethod
    async def started(cls, sockets: int) -> "Crowds":
        command = (sys.executable, "-m", "tests.soak.crowd")
        count = max(2, -(-sockets // SOCKETS_IN_A_PROCESS))
        pipe = asyncio.subprocess.PIPE
        return cls(
            [
                await asyncio.create_subprocess_exec(
                    *command, stdin=pipe, stdout=pipe, cwd=ROOT, limit=LONGEST_LINE
                )
                for _ in range(count)
            ]
        )

    @property
    def open_count(self) -> int:
        return sum(counts.get("open", 0) for counts in self._counts)

    @property
    def state(self) -> str:
        """What each process told last."""
        return json.dumps(self._counts)

    def open(self, places: Sequence[Place]) -> None:
        """They are opening; all of one key."""
        self._next = (self._next + 1) % len(self._processes)
        self._home[places[0].key] = self._next
        self._order(self._next, open=[[each.key, each.token, each.url] for each in places])

    def doom(self, keys: Sequence[str]) -> None:
        """Their credentials are about to end, and not before this is known there."""
        for number in range(len(self._processes)):
            mine = [key for key in keys if self._home[key] == number]
            if mine:
                self._order(number, doom=mine)

    def judge(self, key: str, *, ended_at: float) -> None:
        self._order(self._home[key], judge=key, ended_at=ended_at)

    async def verdict(self) -> Verdict:
        """When everybody has been judged, and whoever is to stay has spoken."""
        for number in range(len(self._processes)):
            self._order(number, stop=True)
        await asyncio.wait_for(asyncio.gather(*self._listening), VERDICT_WITHIN_S)
        total = Verdict()
        for each in self._verdicts:
            total.add(each)
        return total

    async def stop(self) -> None:
        for listening in self._listening:
            listening.cancel()
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def _order(self, number: int, **order: Any) -> None:
        stdin = self._processes[number].stdin
        assert stdin is not None
        stdin.write(json.dumps(order).encode() + b"\n")

    async def _listen(self, number: int) -> None:
        stdout = self._processes[number].stdout
        assert stdout is not None
        async for line in stdout:
            told = json.loads(line)
            if "survivors" in told:
                self._verdicts.append(Verdict(**told))
                return
            self._counts[number] = told
        raise AssertionError("a process that holds sockets has ended")
