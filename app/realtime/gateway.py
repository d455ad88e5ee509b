"""The endpoint `/ws`: attach, verify, admit, and only then the 101 (R8); then a conversation until either side ends it."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from uuid_utils.compat import uuid7

from app.clock import boot_seconds
from app.config import Settings
from app.domain.closing import Closing, Reason, closing_for_reason
from app.domain.errors import Forbidden, Unauthenticated, Unavailable
from app.domain.ids import ConnectionId
from app.realtime.connection import Answers, Connection, Receive
from app.realtime.handshake import Presented, presented_by
from app.realtime.holder import Holder
from app.realtime.messages import frame
from app.realtime.refusal import (
    FORBIDDEN,
    INTERNAL_ERROR,
    NOT_CURRENT,
    TOO_MANY,
    UNAUTHENTICATED,
    Refusal,
    refused_for,
)
from app.realtime.transport import transport_of
from app.realtime.verifier import Verifier
from app.sockets.admission import Admitted, NotCurrent, Reading, Refused, judge_opening
from app.sockets.entry import Entry
from app.sockets.gate import Passage
from app.sockets.registry import Via

__all__ = ["Gateway"]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Gateway:
    """An ASGI application for WebSockets. `holder` is the node's registry with all that belongs to it."""

    def __init__(self, settings: Settings, *, holder: Holder, verifier: Verifier, answers: Answers) -> None:
        self._settings = settings
        self._holder = holder
        self._verifier = verifier
        self._answers = answers
        self._opening_limit_s = settings.opening_limit.total_seconds()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One connection, from the upgrade request until its transport is gone."""
        transport = transport_of(scope)
        await receive()  # websocket.connect: there is nothing to be read from it
        opened = await self._open(scope)
        if isinstance(opened, Refusal):
            await opened.send(send)
            return
        entry, reading, address = opened
        connection = Connection(entry, transport, self._holder.currency, address=address, reading=reading)
        entry.handle = connection
        transport.gate = connection.passage
        transport.grace_s = self._settings.close_grace.total_seconds()
        transport.on_shutdown = self._holder.begin_to_leave
        try:
            if await self._accept(connection, send):
                await self._serve(connection, receive)
        finally:
            await self._holder.see_off(connection)

    async def _open(self, scope: MutableMapping[str, Any]) -> tuple[Entry, Reading, str] | Refusal:
        """An admitted entry, or the refusal."""
        try:
            presented = presented_by(scope, self._settings)
        except Forbidden:
            return FORBIDDEN
        except Unauthenticated:
            return UNAUTHENTICATED
        if not self._holder.takes_sockets():
            return NOT_CURRENT
        if self._holder.registry.pending_count >= self._settings.openings_limit:
            return TOO_MANY
        entry = _entry(presented)
        admitted = await self._attach_and_admit(entry)
        return admitted if isinstance(admitted, Refusal) else (entry, admitted, presented.address)

    async def _attach_and_admit(self, entry: Entry) -> Reading | Refusal:
        registry = self._holder.registry
        registry.attach(entry, now=boot_seconds())
        try:
            async with asyncio.timeout(self._opening_limit_s):
                return await self._admit(entry)
        except (TimeoutError, Unavailable):
            return NOT_CURRENT
        except Exception:  # noqa: BLE001 - a bug of ours: 500, and never the word that the credential is dead
            _log.exception("opening_failed", connection_id=str(entry.connection_id))
            return INTERNAL_ERROR
        finally:
            if not entry.is_admitted or self._holder.is_leaving:
                registry.detach(entry)

    async def _admit(self, entry: Entry) -> Reading | Refusal:
        """Between the reading and its judgement there is no await; it is repeated only when something came in between."""
        holder = self._holder
        while True:
            reading = await self._verifier.verify(entry)
            verdict = judge_opening(
                entry,
                reading,
                registry=holder.registry,
                currency=holder.currency,
                deadlines=holder.deadlines,
                now=boot_seconds(),
                remember_s=self._settings.remember_closures.total_seconds(),
            )
            match verdict:
                case Admitted():
                    return NOT_CURRENT if holder.is_leaving else reading
                case Refused(closing):
                    return refused_for(closing)
                case NotCurrent():
                    return NOT_CURRENT
                case _:
                    continue

    async def _accept(self, connection: Connection, send: Send) -> bool:
        """The 101 and the `ready` frame; a 401 instead, if the socket was closed since it was admitted."""
        entry = connection.entry
        closed = entry.closing
        if closed is not None:
            await refused_for(closed).send(send)
            return False
        await send({"type": "websocket.accept"})
        if connection.passage() is Passage.SHUT:  # closed since the look above: nobody could write to it then
            connection.begin_to_close(among=1)
            return False
        ready = frame(
            type="ready",
            connection_id=str(entry.connection_id),
            node=self._holder.node_name,
            credential=entry.credential_type.value,
        )
        await connection.reply(ready)
        return True

    async def _serve(self, connection: Connection, receive: Receive) -> None:
        try:
            await connection.converse(receive, self._answers)
        except Exception:  # noqa: BLE001 - a bug of ours: the socket sees 1011, its neighbours nothing
            _log.exception("answer_failed", connection_id=str(connection.entry.connection_id))
            self._holder.registry.shut([connection.entry], _internal_error, via=Via.NODE)


def _entry(presented: Presented) -> Entry:
    return Entry(
        connection_id=ConnectionId(uuid7()),
        credential_type=presented.credential_type,
        token_hash=presented.token_hash,
        account_id=presented.account_id,
    )


def _internal_error(entry: Entry) -> Closing:
    return closing_for_reason(Reason.INTERNAL_ERROR, entry.credential_type)
