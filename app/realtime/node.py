"""One node: its parts, started in order and stopped in reverse."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog
from uuid_utils.compat import uuid7

from app.bridge import Bridge
from app.clock import boot_seconds
from app.config import Settings
from app.domain.errors import CutoffError
from app.domain.ids import NodeId, RevocationId
from app.fanout.publisher import Publisher
from app.fanout.subscriber import Subscriber
from app.operations.perform import perform
from app.realtime.answers import DatabaseAnswers
from app.realtime.census_reports import CensusReports
from app.realtime.close_traces import CloseTraces
from app.realtime.conversation import Conversation
from app.realtime.event_streams import EventStreams
from app.realtime.garbage import Garbage
from app.realtime.gateway import Converse, Gateway
from app.realtime.heartbeat import Heartbeat
from app.realtime.holder import Holder
from app.realtime.node_description import NodeDescription
from app.realtime.opening import Opening
from app.realtime.read_connection import ReadConnection
from app.realtime.rechecks import Rechecks
from app.realtime.reports import Reports
from app.realtime.standing import Standing
from app.realtime.support_uses import SupportUses
from app.realtime.tail import Tail
from app.realtime.verifier import Verifier
from app.realtime.watches import Watches

__all__ = ["Node"]

VERIFYING_CONNECTIONS = 3
DRAIN_TICK_S = 0.05
LEAVE_WITHIN = timedelta(seconds=2)
DRAIN_WITHIN_S = 5.0

_log = structlog.get_logger(__name__)


class Node(Standing):
    """Holds sockets, and proves to itself every second that it knows what is true.

    `carry_out` takes a committed revocation to the queue, or performs it where the queue does not take it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        bridge: Bridge,
        publisher: Publisher,
        carry_out: Callable[[RevocationId], Awaitable[None]],
    ) -> None:
        self.node_id = NodeId(uuid7())
        self.name = settings.node_name or f"{socket.gethostname()}-{self.node_id.hex[-6:]}"
        self._settings = settings
        self._bridge = bridge
        self._publisher = publisher
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: list[ReadConnection] = []
        self.holder = Holder(settings, node_name=self.name, on_owed=self._on_news)
        tail_connection = self._connect("tail", settings.poll_timeout)
        self.tail = Tail(
            settings,
            connection=tail_connection,
            currency=self.holder.currency,
            registry=self.holder.registry,
            deadlines=self.holder.deadlines,
            on_good_poll=self._on_good_poll,
            node_id=self.node_id,
            register_again=lambda: self.reports.register_again(),  # noqa: PLW0108 - it does not exist yet
            clock=boot_seconds,
        )
        self.holder.own_time = self.tail.own_time
        self.holder.books.closes.on_over = CloseTraces(
            bridge, node_name=self.name, database_time=self.tail.database_time
        ).over
        self.verifier = Verifier(
            [self._connect("verify", settings.opening_limit) for _ in range(VERIFYING_CONNECTIONS)],
            currency=self.holder.currency,
            clock=boot_seconds,
        )
        self.rechecks = Rechecks(
            connection=self._connect("recheck", settings.opening_limit),
            registry=self.holder.registry,
            currency=self.holder.currency,
            deadlines=self.holder.deadlines,
            reconcile_interval=settings.reconcile_interval,
            on_spoken=self.holder.wake_gates,
            ring=self.tail.ring,
            clock=boot_seconds,
        )
        self.reports = Reports(
            settings,
            node_id=self.node_id,
            bridge=bridge,
            holder=self.holder,
            describe=NodeDescription(self, node_id=self.node_id, name=self.name, lease=settings.lease).report,
            perform=self._perform,
            on_fleet=self._on_fleet,
        )
        self.census = CensusReports(
            node_id=self.node_id,
            bridge=bridge,
            holder=self.holder,
            # A crash of the database ends the tail's connection, a failover moves its position; a node that was
            # forgotten is registered again.
            basis=lambda: (
                tail_connection.drops,
                self.holder.currency.place,
                self.reports.times_registered_again,
            ),
            whole_every=settings.reconcile_interval,
            clock=boot_seconds,
        )
        self.watches = Watches(holder=self.holder, bridge=bridge, look_every=settings.reconcile_interval)
        self.subscriber = Subscriber(
            settings,
            node_id=self.node_id,
            closer=self.holder.registry,
            ring=self.tail.ring,
            system_identifier=lambda: self.holder.currency.system_identifier,
            concerned=self.holder.registry.concerned,
        )
        self.heartbeat = Heartbeat(settings, holder=self.holder, clock=boot_seconds)
        self.support_uses = SupportUses(bridge)
        self.garbage = Garbage(clock=boot_seconds, sockets=self.holder.registry.__len__)
        self._opening = Opening(settings, holder=self.holder, verifier=self.verifier)
        self.streams = EventStreams(settings, holder=self.holder, opening=self._opening)
        self.gateway = self.gateway_to(
            Conversation(
                holder=self.holder,
                answers=DatabaseAnswers(bridge, uses=self.support_uses, carry_out=carry_out),
            )
        )

    def gateway_to(self, converse: Converse) -> Gateway:
        """Another entrance for sockets, on which something else is said: all else is as at the first."""
        return Gateway(self._settings, holder=self.holder, opening=self._opening, converse=converse)

    # Life ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """The parts run. Whether the node is ready is another question, which `/readyz` answers."""
        for part in (
            self.tail.run(),
            self.verifier.run(),
            self.rechecks.run(),
            self.holder.pump.run(),
            self.reports.run(),
            self.census.run(),
            self.heartbeat.run(),
            self.subscriber.run(),
            self.watches.run(),
            self.support_uses.run(),
            self.garbage.run(),
        ):
            self._tasks.append(self._keep(part))

    async def stop(self) -> None:
        """The sockets have gone, or have had their time; then the parts stop, and the row says that the node has left."""
        self.holder.begin_to_leave()
        gives_up_at = boot_seconds() + DRAIN_WITHIN_S
        while len(self.holder.registry) and boot_seconds() < gives_up_at:  # noqa: ASYNC110 - each socket has an end of its own
            await asyncio.sleep(DRAIN_TICK_S)
        for task in reversed(self._tasks):
            task.cancel()
        self.holder.abort_all()
        await asyncio.wait(self._tasks, timeout=LEAVE_WITHIN.total_seconds())
        await self.support_uses.finish(within=LEAVE_WITHIN)
        await self.reports.leave(within=LEAVE_WITHIN)
        for connection in self._connections:
            connection.drop()

    # Private ---------------------------------------------------------------------------------------------

    def _connect(self, purpose: str, statement_timeout: timedelta) -> ReadConnection:
        connection = ReadConnection(
            self._settings.database_url,
            application_name=f"cutoff {purpose} {self.name}",
            statement_timeout_s=statement_timeout.total_seconds(),
        )
        self._connections.append(connection)
        return connection

    def _keep(self, part: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A strong reference, and no silent death: a part that ends by an error takes the node's readiness with it."""
        task = asyncio.get_running_loop().create_task(part)
        task.add_done_callback(self._part_ended)
        return task

    def _part_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        _log.critical("part_failed", part=task.get_name(), exc_info=task.exception())
        self.holder.begin_to_leave()

    def _on_good_poll(self, applied: int, *, gates_waited: bool) -> None:
        if self.holder.registry.owing():
            self.rechecks.wake()
        if gates_waited:
            self.holder.wake_gates()
        if applied or gates_waited:
            self.reports.wake()

    def _on_fleet(self, nodes: int) -> None:
        self.tail.bell.nodes = nodes

    def _on_news(self) -> None:
        self.reports.wake()

    async def _perform(self, revocation_id: RevocationId) -> None:
        """Nobody took the task: this node performs it. Another that tries as well loses, and that is well."""
        _log.warning("performing_overdue", revocation_id=str(revocation_id))
        try:
            await self._bridge.call(perform, self._publisher, revocation_id)
        except CutoffError as error:
            _log.warning("not_performed", revocation_id=str(revocation_id), error=type(error).__name__)
