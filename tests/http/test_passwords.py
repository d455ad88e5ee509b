import asyncio
import threading

import pytest

from app.domain.errors import Unavailable
from app.http.passwords import AT_ONCE, WAITING_AT_MOST, PasswordThreads


async def test_hashing_happens_off_the_event_loop():
    assert await PasswordThreads().run(threading.get_ident) != threading.get_ident()


async def test_a_few_at_a_time_and_a_bounded_queue_before_them():
    threads, release = PasswordThreads(), threading.Event()
    running: list[int] = []

    def slow() -> None:
        running.append(1)
        release.wait(10)

    work = [asyncio.create_task(threads.run(slow)) for _ in range(WAITING_AT_MOST)]
    while len(running) < AT_ONCE:
        await asyncio.sleep(0.001)
    with pytest.raises(Unavailable):
        await threads.run(slow)
    assert len(running) == AT_ONCE
    release.set()
    await asyncio.gather(*work)
    assert await threads.run(len, "free again") == 10
