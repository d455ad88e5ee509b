"""A revocation is a row: workers make it fast, nodes and sweeps make it certain."""

import asyncio

from app.cli.demo.api import Answer
from app.fanout.task_queue import RESUME_REVOCATIONS
from tests.faults.bounds import AT_EXPIRY_S, BY_NODE_S, BY_TAIL_S, IDLE_S
from tests.faults.cast import Cast
from tests.faults.failures import redis_stopped, until_the_worker_waits, worker_waits_for
from tests.faults.fault import Measured, fault
from tests.faults.processes import beat_process
from tests.faults.world import World

SUCCESSES = "SELECT count(*) FROM audit_event WHERE revocation_id = %(id)s AND outcome = 'success'"


@fault("worker killed between commit and publish", bound_s=BY_TAIL_S)
async def worker_killed_between_commit_and_publish(world: World) -> Measured:
    async with world.cast() as cast:
        async with worker_waits_for(world, cast.session.session_id):
            answer = await cast.end_over_http()
            await until_the_worker_waits(world)
            world.worker_line.kill_open()  # its statement has arrived, the answer will not
        await cast.count_from_the_commit(answer)
        world.worker.kill()
        await cast.watch(BY_TAIL_S)
        published = await world.hands.value(
            "SELECT published_at IS NOT NULL FROM revocation WHERE id = %(id)s", id=answer.body["id"]
        )
        cast.check(not published, "the worker died too late")
        await _check_finished_once(world, cast, answer)
        return await cast.measured(BY_TAIL_S)


async def _check_finished_once(world: World, cast: Cast, answer: Answer) -> None:
    """The sweep takes up what the dead worker left: published, and one event in the trail."""
    revocation_id = answer.body["id"]
    await world.heal()
    statement = "UPDATE revocation SET performed_at = performed_at - interval '1 minute' WHERE id = %(id)s"
    await world.hands.commit(statement, id=revocation_id)
    await asyncio.to_thread(world.queue.send, RESUME_REVOCATIONS)
    finished = "SELECT audited_at IS NOT NULL FROM revocation WHERE id = %(id)s"
    await world.until_value(finished, id=revocation_id)
    successes = await world.hands.value(SUCCESSES, id=revocation_id)
    cast.check(successes == 1, f"{successes} events of success")


@fault("worker killed before commit", bound_s=BY_NODE_S)
async def worker_killed_before_commit(world: World) -> Measured:
    async with world.cast() as cast:
        async with worker_waits_for(world, cast.session.session_id):
            await cast.end_over_http()
            await until_the_worker_waits(world)
            world.worker.kill()
        await cast.watch(BY_NODE_S)
        return await cast.measured(BY_NODE_S)


@fault("worker frozen while it holds the revocation's row", bound_s=BY_NODE_S + IDLE_S)
async def worker_frozen_with_the_row(world: World) -> Measured:
    async with world.cast() as cast:
        async with worker_waits_for(world, cast.session.session_id):
            answer = await cast.end_over_http()
            await until_the_worker_waits(world)
            freezing = world.worker.frozen()
            freezing.__enter__()
        try:
            await cast.watch(BY_NODE_S + IDLE_S)
        finally:
            freezing.__exit__(None, None, None)
        await world.heal()
        successes = await world.hands.value(SUCCESSES, id=answer.body["id"])
        cast.check(successes == 1, f"{successes} events of success")
        return await cast.measured(BY_NODE_S + IDLE_S)


@fault("every worker down", bound_s=BY_NODE_S)
async def all_workers_down(world: World) -> Measured:
    async with world.cast() as cast:
        world.worker.kill()
        answer = await cast.end_over_http()
        await cast.watch(BY_NODE_S)
        successes = await world.hands.value(SUCCESSES, id=answer.body["id"])
        cast.check(successes == 1, f"{successes} events of success")
        return await cast.measured(BY_NODE_S)


@fault("a session expires with beat, workers and Redis down", bound_s=AT_EXPIRY_S)
async def expiry_without_anybody(world: World) -> Measured:
    async with world.cast() as cast:
        world.worker.kill()
        async with redis_stopped(world):
            await cast.expire_soon(1.5)
            await cast.watch(AT_EXPIRY_S)
            return await cast.measured(AT_EXPIRY_S)


@fault("two beats: what expired is recorded once", bound_s=AT_EXPIRY_S, is_long=True)
async def two_beats(world: World) -> Measured:
    beats = [beat_process(f"beat-{number}", world.environment(), world.folder) for number in (1, 2)]
    try:
        async with world.cast() as cast:
            for beat in beats:
                beat.start()
            await world.until(lambda: all("Sending due" in beat.log for beat in beats), "beats do not beat")
            await cast.expire_soon(1.5)
            await cast.watch(AT_EXPIRY_S)
            of_this = "source = 'expiry' AND target_id = %(id)s"
            await world.until_value(
                f"SELECT audited_at IS NOT NULL FROM revocation WHERE {of_this}",
                id=cast.session.session_id,
                within_s=30,
            )
            await asyncio.sleep(6.0)
            records = await world.hands.value(
                f"SELECT count(*) FROM revocation WHERE {of_this}", id=cast.session.session_id
            )
            cast.check(records == 1, f"{records} receipts")
            return await cast.measured(AT_EXPIRY_S)
    finally:
        for beat in beats:
            beat.kill()
