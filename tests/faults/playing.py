"""Plays one scenario on a healed world."""

import asyncio

from tests.faults.fault import Fault, Measured
from tests.faults.processes import NodeProcess
from tests.faults.world import World

GIVEN_UP_AFTER_S = 120.0
LINES_SHOWN = 4


def _last_words(node: NodeProcess) -> list[str]:
    """What a node has complained of lately."""
    lines = [line for line in node.log.splitlines() if "[info" not in line]
    return lines[-LINES_SHOWN:]


def play(world: World, fault: Fault) -> Measured:
    """What was measured. Whatever kept the scenario from being played is raised."""

    async def healed() -> Measured:
        await world.heal()
        measured = await asyncio.wait_for(fault.scenario(world), GIVEN_UP_AFTER_S)
        if measured.problems:
            measured.problems += [
                f"{node.name}: {line}" for node in world.nodes for line in _last_words(node)
            ]
        return measured

    return world.run(healed())
