"""The wall clock of a node steps, there and back; the database's does not: B153."""

import asyncio
import shutil
import struct
import subprocess
from pathlib import Path

from app.cli.demo.api import Api
from app.clock import boot_seconds
from tests.faults.bounds import AT_EXPIRY_S, BY_TAIL_S, GAP_S
from tests.faults.fault import Measured, fault
from tests.faults.processes import HOST
from tests.faults.world import World

HOUR_S = 3600
STEPS_S = (HOUR_S, -HOUR_S, 24 * HOUR_S, -24 * HOUR_S)
EXPIRES_IN_S = 2.0
SOURCE = Path(__file__).with_name("stepped_clock.c")


class SteppedClock:
    """The wall clock of a process that gets `variables`. Wants a C compiler."""

    def __init__(self, folder: Path) -> None:
        self._file, library = folder / "step", folder / "stepped_clock.so"
        compiler = shutil.which("cc")
        assert compiler is not None, "a C compiler is needed to step the clock of one process"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
        self.variables = {"LD_PRELOAD": str(library), "STEPPED_CLOCK": str(self._file)}
        self._file.write_bytes(struct.pack("=q", 0))

    def step(self, seconds: int) -> None:
        """In place: the process has the file mapped."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", seconds))


@fault("the node's wall clock steps by 1 h and 24 h, there and back", bound_s=BY_TAIL_S)
async def stepped(world: World) -> Measured:
    clock = SteppedClock(world.folder)
    async with (
        world.another_node("node-stepped", clock.variables) as node,
        world.cast(nodes=(node,)) as cast,
        world.cast(nodes=(node,)) as expiring,
    ):
        for step_s in STEPS_S:
            clock.step(step_s)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(Api(HOST, node.port, token=cast.sibling.token).call, "GET", "sessions")
        days = {line[:10] for line in node.log.splitlines() if line[:2] == "20"}
        cast.check(len(days) > 1, "the clock of the node's log did not step")
        await cast.end_by_sql()
        await cast.watch(BY_TAIL_S)
        await expiring.expire_soon(EXPIRES_IN_S)
        clock.step(24 * HOUR_S)
        await asyncio.sleep(max(0.0, expiring.ended_at - 0.5 - boot_seconds()))
        expiring.check(all(each.code is None for each in expiring.victims), "expired early")
        await expiring.watch(AT_EXPIRY_S)
        cast.check_no_gap(GAP_S)
        measured = await cast.measured(BY_TAIL_S)
        measured.add(await expiring.measured(AT_EXPIRY_S))
        return measured
