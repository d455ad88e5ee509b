"""A tail without a node: the test makes its polls one by one, on a clock that it moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from app.config import Settings
from app.domain.ids import NodeId
from app.realtime.tail import Tail
from tests.realtime.cores import Clock, Cores
from tests.realtime.databases import SteppedConnection
from tests.realtime.nodes import quick

__all__ = ["LEASE_S", "Tailing", "tailing"]

LEASE_S = 3.0


@dataclass
class Tailing:
    """What the test holds in its hands; `good` are the renewals, each with the closures applied and whether gates waited."""

    tail: Tail
    cores: Cores
    clock: Clock
    connection: SteppedConnection
    good: list[tuple[int, bool]] = field(default_factory=list)


async def is_known() -> bool:
    return True


@asynccontextmanager
async def tailing(settings: Settings, *, timeout_s: float = 2.5) -> AsyncIterator[Tailing]:
    """A tail that has not polled yet; `timeout_s` of real time is what one poll may take."""
    connection, cores, clock = SteppedConnection(settings.database_url), Cores.with_lease(LEASE_S), Clock()
    good: list[tuple[int, bool]] = []
    tail = Tail(
        quick(settings, lease=LEASE_S, poll_timeout=timeout_s),
        connection=connection,
        currency=cores.currency,
        registry=cores.registry,
        deadlines=cores.deadlines,
        on_good_poll=lambda applied, *, gates_waited: good.append((applied, gates_waited)),
        node_id=NodeId(UUID(int=0)),
        register_again=is_known,
        clock=clock,
    )
    try:
        yield Tailing(tail, cores, clock, connection, good)
    finally:
        connection.drop()
