"""How a socket, or an event stream, gets into the registry: attach, verify, admit (R8)."""

import asyncio
from dataclasses import dataclass

import structlog
from uuid_utils.compat import uuid7

from app.clock import boot_seconds
from app.config import Settings
from app.domain.errors import Unavailable
from app.domain.ids import ConnectionId
from app.realtime.handshake import Presented
from app.realtime.holder import Holder
from app.realtime.refusal import INTERNAL_ERROR, NOT_CURRENT, TOO_MANY, Refusal, refused_for
from app.realtime.verifier import Verifier
from app.sockets.admission import Admitted, NotCurrent, Reading, Refused, judge_opening
from app.sockets.entry import Entry

__all__ = ["Opened", "Opening"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An admitted entry, what it was admitted by, and where its peer is. Its handle is to be set before the next await."""

    entry: Entry
    reading: Reading
    address: str


class Opening:
    """The one way in. `holder` is the node's registry with all that belongs to it."""

    def __init__(self, settings: Settings, *, holder: Holder, verifier: Verifier) -> None:
        self._holder = holder
        self._verifier = verifier
        self._openings_limit = settings.openings_limit
        self._remember_s = settings.remember_closures.total_seconds()
        self._opening_limit_s = settings.opening_limit.total_seconds()

    async def open(self, presented: Presented) -> Opened | Refusal:
        """An admitted entry on that credential, or the refusal; then nothing is left of it."""
        if not self._holder.takes_sockets():
            return NOT_CURRENT
        if self._holder.registry.pending_count >= self._openings_limit:
            return TOO_MANY
        entry = _entry(presented)
        admitted = await self._attach_and_admit(entry)
        if isinstance(admitted, Refusal):
            return admitted
        return Opened(entry=entry, reading=admitted, address=presented.address)

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
                remember_s=self._remember_s,
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


def _entry(presented: Presented) -> Entry:
    return Entry(
        connection_id=ConnectionId(uuid7()),
        credential_type=presented.credential_type,
        token_hash=presented.token_hash,
        account_id=presented.account_id,
    )
