"""What a worker process owns, and how long a sweep may hold its place."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from app.config import Settings
from app.data.rows import one_row
from worker import process


@pytest.fixture
def opened(settings: Settings) -> Iterator[process.Process]:
    process.open_process(settings)
    yield process.this_process()
    process.close_process()


def test_nothing_is_there_before_it_is_opened_and_closing_twice_is_closing_once(settings: Settings):
    with pytest.raises(LookupError):
        process.this_process()
    process.open_process(settings)
    process.close_process()
    process.close_process()
    with pytest.raises(LookupError):
        process.this_process()


def test_a_sweep_goes_on_in_transactions_of_its_own_until_nothing_is_left(opened: process.Process):
    left = [3, 2, 1, 0]
    transactions: set[str] = set()

    def batch(db: Connection) -> int:
        row = one_row(db, "SELECT pg_current_xact_id()::text AS id")
        assert row is not None
        transactions.add(row["id"])
        return left.pop(0)

    opened.sweep(batch)

    assert left == []
    assert len(transactions) == 4


def test_a_sweep_that_never_ends_makes_room_after_its_time(
    opened: process.Process, monkeypatch: pytest.MonkeyPatch
):
    clock = iter([0.0, 0.4, 0.8, 1.2, 1.6])
    monkeypatch.setattr(process, "boot_seconds", lambda: next(clock))
    batches: list[Connection] = []

    def endless(db: Connection) -> bool:
        batches.append(db)
        return True

    opened.sweep(endless)

    assert len(batches) == 3
