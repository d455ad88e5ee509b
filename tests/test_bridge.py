"""Where async meets sync: what has started finishes, whatever becomes of the caller."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection

from app.bridge import Bridge
from app.data.engine import Database
from app.data.rows import all_rows, one_row, run
from app.domain.errors import Forbidden


def insert(db: Connection, email: str, *, started: threading.Event, go_on: threading.Event) -> str:
    run(db, "INSERT INTO account (id, email) VALUES (gen_random_uuid(), %(email)s)", email=email)
    started.set()
    assert go_on.wait(10)
    return email


def emails(database: Database) -> str | None:
    with database.session() as db:
        row = one_row(db, "SELECT string_agg(email, ' ') AS emails FROM account")
    assert row is not None
    found: str | None = row["emails"]
    return found


async def test_an_operation_runs_in_one_transaction_and_is_committed_when_it_returns(
    database: Database,
) -> None:
    bridge = Bridge(database, threads=2)
    go_on = threading.Event()
    go_on.set()
    assert (
        await bridge.run(insert, "a@example.com", started=threading.Event(), go_on=go_on) == "a@example.com"
    )
    assert emails(database) == "a@example.com"
    await bridge.close()


async def test_an_error_reaches_the_caller_and_rolls_back(database: Database) -> None:
    def refuse(db: Connection) -> None:
        run(db, "INSERT INTO account (id, email) VALUES (gen_random_uuid(), 'x')")
        raise Forbidden("everything")

    bridge = Bridge(database, threads=1)
    with pytest.raises(Forbidden):
        await bridge.run(refuse)
    assert emails(database) is None
    await bridge.close()


async def test_what_only_reads_needs_no_transaction(database: Database) -> None:
    bridge = Bridge(database, threads=1)
    assert await bridge.read(lambda db, /: all_rows(db, "SELECT 3 AS n")) == [{"n": 3}]
    await bridge.close()


async def test_a_cancelled_caller_does_not_stop_a_transaction_that_has_started(database: Database) -> None:
    bridge = Bridge(database, threads=1)
    started, go_on = threading.Event(), threading.Event()
    caller = asyncio.create_task(bridge.run(insert, "b@example.com", started=started, go_on=go_on))
    assert await asyncio.to_thread(started.wait, 10)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await bridge.close()
    assert emails(database) == "b@example.com"


async def test_closing_waits_for_what_runs_and_drops_what_waits(database: Database) -> None:
    bridge = Bridge(database, threads=1)
    started, go_on = threading.Event(), threading.Event()
    running = asyncio.create_task(bridge.run(insert, "c@example.com", started=started, go_on=go_on))
    assert await asyncio.to_thread(started.wait, 10)
    waiting = asyncio.create_task(bridge.run(insert, "d@example.com", started=started, go_on=go_on))
    await asyncio.sleep(0)
    closing = asyncio.create_task(bridge.close())
    await asyncio.sleep(0.01)
    go_on.set()
    await closing
    assert await running == "c@example.com"
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert emails(database) == "c@example.com"


async def test_the_loop_goes_on_while_the_database_works(database: Database) -> None:
    bridge = Bridge(database, threads=1)
    slow = asyncio.create_task(bridge.call(emails))
    await asyncio.sleep(0)
    assert not slow.done()
    assert await slow is None
    await bridge.close()
