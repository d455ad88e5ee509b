import asyncio
from datetime import timedelta

import pytest

from app.http.background import Background

SOON = timedelta(seconds=5)


async def test_work_goes_on_to_its_end_when_whoever_awaits_it_is_cancelled():
    background, go_on, done = Background(), asyncio.Event(), []

    async def work() -> None:
        await go_on.wait()
        done.append("done")

    waiting = asyncio.create_task(background.run(work()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    assert await background.finish(within=SOON) == 0
    assert done == ["done"]


async def test_the_error_of_work_reaches_whoever_awaits_it():
    async def work() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await Background().run(work())


async def test_finishing_takes_a_bounded_time_and_says_what_was_left():
    background = Background()
    background.start(asyncio.sleep(60))
    assert await background.finish(within=timedelta(milliseconds=10)) == 1
