"""What a node closed for a revocation, as a span of the trace that the revocation's row carries.

The row, not the message: so whatever brought the news, doorbell, tail or reconciliation, the trace is the same, and the
wire needs no word for it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from app.bridge import Bridge
from app.domain.errors import CutoffError
from app.logs.tracing import is_tracing, record_span
from app.operations.find_trace_of_revocation import find_trace_of_revocation
from app.sockets.last_closes import Over

__all__ = ["CloseTraces"]


class CloseTraces:
    """Reads a row for each revocation that is over here, and only where somebody collects traces.

    `database_time` gives the database's clock for an instant of ours: spans of several machines lie on one axis.
    """

    def __init__(
        self, bridge: Bridge, *, node_name: str, database_time: Callable[[float], datetime | None]
    ) -> None:
        self._bridge = bridge
        self._node_name = node_name
        self._database_time = database_time
        self._tasks: set[asyncio.Task[None]] = set()

    def over(self, over: Over, ended_at: float) -> None:
        """A span from the first closure's row to the end of the last socket is on its way, if there is a trace."""
        if not is_tracing() or over.written_at is None:
            return
        began, ended = self._database_time(over.written_at), self._database_time(ended_at)
        if began is None or ended is None:
            return
        task = asyncio.get_running_loop().create_task(self._record(over, began, ended))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, over: Over, written_at: datetime, ended_at: datetime) -> None:
        try:
            trace = await self._bridge.run(find_trace_of_revocation, over.revocation_id)
        except CutoffError:
            return
        if trace is not None:
            record_span(
                "close sockets",
                parent=trace,
                began_at=written_at,
                ended_at=ended_at,
                cutoff__revocation_id=str(over.revocation_id),
                cutoff__node=self._node_name,
                cutoff__sockets=over.sockets,
                cutoff__reason=over.reason,
                cutoff__via=over.via,
            )
