"""Sockets that open while the end of their credential commits."""

import asyncio

from tests.faults.bounds import BY_TAIL_S, EVERY_S
from tests.faults.cast import Cast
from tests.faults.fault import Measured, fault
from tests.faults.hands import END_SESSION
from tests.faults.processes import NodeProcess
from tests.faults.watched import SILENT_END, Refused, Watched
from tests.faults.world import World

OPENINGS = 120
SPACING_S = 0.01
UNAUTHENTICATED = 401


@fault(f"{2 * OPENINGS} openings while the end commits", bound_s=BY_TAIL_S)
async def opening_while_the_end_commits(world: World) -> Measured:
    """Some are admitted before and close, some are refused; none is admitted and stays."""
    async with world.cast() as cast:
        with world.hands.transaction() as ending:
            opening = [
                asyncio.create_task(_open_one(cast, node, after_s=number * SPACING_S))
                for number in range(OPENINGS)
                for node in cast.nodes
            ]
            await asyncio.sleep(OPENINGS * SPACING_S / 4)
            ending.do(END_SESSION, id=cast.session.session_id)
            await asyncio.sleep(OPENINGS * SPACING_S / 4)
            cast.ended_at = ending.commit()
        statuses = await asyncio.gather(*opening)
        cast.check(statuses[0] is None, "the first was refused")
        cast.check(statuses[-1] == UNAUTHENTICATED, f"the last was answered {statuses[-1]}")
        cast.check(set(statuses) <= {None, UNAUTHENTICATED, SILENT_END}, f"answers were {set(statuses)}")
        await cast.watch(BY_TAIL_S)
        return await cast.measured(BY_TAIL_S)


async def _open_one(cast: Cast, node: NodeProcess, *, after_s: float) -> int | None:
    await asyncio.sleep(after_s)
    try:
        socket = await Watched.open(node.websocket, cast.session.token, node=node.name, every_s=EVERY_S)
    except Refused as refused:
        return refused.status
    cast.victims.append(socket)
    return None
