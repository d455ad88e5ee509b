"""Remembers which credentials were used, and has it written down now and then; nobody waits for that."""

import asyncio
from datetime import timedelta

import structlog

from app.bridge import Bridge
from app.domain.caller import Caller
from app.domain.errors import CutoffError
from app.domain.ids import ApiTokenId, SessionId
from app.http.background import Background
from app.operations.record_activity import record_activity

__all__ = ["Activity"]

WRITE_EVERY = timedelta(seconds=5)
REMEMBERED_AT_MOST = 10_000

_log = structlog.get_logger(__name__)


class Activity:
    """Collects for a few seconds, so that a busy credential costs one write. Losing some is no harm."""

    def __init__(self, bridge: Bridge, background: Background) -> None:
        self._bridge = bridge
        self._background = background
        self._sessions: set[SessionId] = set()
        self._api_tokens: set[ApiTokenId] = set()
        self._timer: asyncio.TimerHandle | None = None

    def note(self, caller: Caller) -> None:
        """Its credential was used just now."""
        if len(self._sessions) + len(self._api_tokens) >= REMEMBERED_AT_MOST:
            return
        if caller.session_id is not None:
            self._sessions.add(caller.session_id)
        if caller.api_token_id is not None:
            self._api_tokens.add(caller.api_token_id)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_EVERY.total_seconds(), self.flush)

    def flush(self) -> None:
        """What was collected is on its way to the database."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._sessions or self._api_tokens:
            sessions, self._sessions = self._sessions, set()
            api_tokens, self._api_tokens = self._api_tokens, set()
            self._background.start(self._write(sessions, api_tokens))

    async def _write(self, sessions: set[SessionId], api_tokens: set[ApiTokenId]) -> None:
        try:
            await self._bridge.run(record_activity, session_ids=sessions, api_token_ids=api_tokens)
        except CutoffError as error:
            _log.info("activity_not_recorded", error=type(error).__name__)
