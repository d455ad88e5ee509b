"""What is said on one of our own sockets: the 101, the `ready` frame, then requests and their answers."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from app.domain.closing import Closing, Reason, closing_for_reason
from app.realtime.connection import Answers, Connection, Receive
from app.realtime.holder import Holder
from app.realtime.messages import frame
from app.realtime.refusal import refused_for
from app.sockets.entry import Entry
from app.sockets.gate import Passage
from app.sockets.registry import Via

__all__ = ["Conversation", "accepted", "failed"]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Conversation:
    """Ours, as `app.realtime.messages` has it."""

    def __init__(self, *, holder: Holder, answers: Answers) -> None:
        self._holder = holder
        self._answers = answers

    async def __call__(
        self, connection: Connection, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """Until either side ends it. The scope is empty then: nothing in it is asked for again, and an idle socket keeps it."""
        if not await accepted(connection, send):
            return
        scope.clear()
        await connection.reply(
            frame(
                type="ready",
                connection_id=str(connection.entry.connection_id),
                node=self._holder.node_name,
                credential=connection.entry.credential_type.value,
            )
        )
        try:
            await connection.converse(receive, self._answers)
        except Exception:  # noqa: BLE001 - a bug of ours: the socket sees 1011, its neighbours nothing
            _log.exception("answer_failed", connection_id=str(connection.entry.connection_id))
            failed(connection, self._holder)


async def accepted(
    connection: Connection, send: Send, accept: MutableMapping[str, Any] | None = None
) -> bool:
    """Whether the socket is open: the 101 is out, or a 401 instead, if it was closed since it was admitted."""
    closed = connection.entry.closing
    if closed is not None:
        await refused_for(closed).send(send)
        return False
    await send(accept or {"type": "websocket.accept"})
    if connection.passage() is Passage.SHUT:  # closed since the look above: nobody could write to it then
        connection.begin_to_close(among=1)
        connection.wind_down()
        return False
    return True


def failed(connection: Connection, holder: Holder) -> None:
    """The socket closes with 1011."""
    holder.registry.shut([connection.entry], _internal_error, via=Via.NODE)


def _internal_error(entry: Entry) -> Closing:
    return closing_for_reason(Reason.INTERNAL_ERROR, entry.credential_type)
