"""Reconciling: every socket is read in one snapshot, from which the tail then goes on (R6)."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import structlog

from app.data.closure_log import POLL, Poll, poll_from, poll_parameters
from app.domain.errors import Unavailable
from app.realtime.read_connection import ReadConnection
from app.realtime.reads import read_credentials
from app.sockets.admission import judge_recheck
from app.sockets.currency import Currency, Position
from app.sockets.deadlines import Deadlines
from app.sockets.registry import Registry, Via

__all__ = ["SLICE", "position_of", "reconcile", "slices"]

READ_BATCH = 1_000
TIMEOUT_S = 5.0
SLICE = 200
"""Closures, or credentials, judged between two turns of the event loop."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)


async def reconcile(
    connection: ReadConnection,
    *,
    currency: Currency,
    registry: Registry,
    deadlines: Deadlines,
    clock: Callable[[], float],
    timeout_s: float,
) -> None:
    """Who was admitted has been judged by one snapshot, which is the cursor now; who came meanwhile is mute, and to be read.

    Raises: Unavailable if that could not be read to its end; then nothing has moved.
    """
    epoch = currency.begin_epoch()
    entries = [entry for entry in registry if entry.is_admitted and entry.closing is None]
    _log.warning("reconciling", sockets=len(entries))
    sent_at = clock()
    async with connection.one_snapshot(within_s=timeout_s):
        rows = await connection.fetch(POLL, poll_parameters(None, limit=0), within_s=timeout_s)
        answer = poll_from(rows, last=None, limit=0)
        position = position_of(answer)
        if position.timeline is None:
            raise Unavailable("database")
        for batch in slices(entries, READ_BATCH):
            readings = await read_credentials(connection, batch, epoch=epoch, clock=clock, within_s=TIMEOUT_S)
            for part in slices(readings, SLICE):
                for entry, reading in part:
                    judge_recheck(
                        entry,
                        reading.as_of(sent_at=sent_at, read_at=answer.read_at),
                        registry=registry,
                        currency=currency,
                        deadlines=deadlines,
                        via=Via.RECONCILIATION,
                    )
                await asyncio.sleep(0)
    registry.mute_before_epoch(epoch, generation=currency.generation)
    currency.reconciled(position, epoch=epoch, sent_at=sent_at)


def position_of(answer: Poll) -> Position:
    """Where a poll's answer stands."""
    return Position(
        snapshot=answer.snapshot,
        system_identifier=answer.system_identifier,
        timeline=answer.timeline,
        is_cut_off=answer.is_cut_off or answer.unknown > 0,
    )


def slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in their order, so many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
