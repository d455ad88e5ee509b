"""Plays one scenario on a healed world."""

import asyncio

from tests.faults.fault import Fault, Measured
from tests.faults.world import World

GIVEN_UP_AFTER_S = 120.0


def play(world: World, fault: Fault) -> Measured:
    """What was measured. Whatever kept the scenario from being played is raised."""

    async def healed() -> Measured:
        await world.heal()
        return await asyncio.wait_for(fault.scenario(world), GIVEN_UP_AFTER_S)

    return world.run(healed())
