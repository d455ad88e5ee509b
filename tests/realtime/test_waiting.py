import asyncio

from app.realtime.waiting import Once, Waiters


async def begun(*works) -> list[asyncio.Task[None]]:
    tasks = [asyncio.ensure_future(work) for work in works]
    await asyncio.sleep(0)
    return tasks


async def test_all_who_wait_are_woken_and_who_comes_later_is_not():
    waiters = Waiters()
    early = await begun(waiters.wait(), waiters.wait())
    waiters.wake()
    (late,) = await begun(waiters.wait())
    await asyncio.wait(early, timeout=5)
    assert [task.done() for task in (*early, late)] == [True, True, False]
    waiters.wake()
    await asyncio.wait_for(late, 5)


async def test_one_that_gives_up_does_not_take_the_others_along():
    waiters = Waiters()
    one, other = await begun(waiters.wait(), waiters.wait())
    one.cancel()
    await asyncio.wait({one})
    waiters.wake()
    await asyncio.wait_for(other, 5)


async def test_to_wake_nobody_changes_nothing():
    waiters = Waiters()
    waiters.wake()
    (waiting,) = await begun(waiters.wait())
    assert not waiting.done()
    waiting.cancel()


async def test_what_has_happened_is_not_waited_for():
    once = Once()
    (before,) = await begun(once.wait())
    assert not once.is_set()
    once.set()
    once.set()
    assert once.is_set()
    await asyncio.wait_for(before, 5)
    await asyncio.wait_for(once.wait(), 5)
