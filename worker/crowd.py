"""What a worker process performs of a crowd of revocations that wait: its own task's first, then those beside it."""

from collections.abc import Collection

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.clock import boot_seconds
from app.data.engine import Database
from app.data.performing_together import companions_of
from app.domain.errors import CutoffError
from app.domain.ids import RevocationId
from app.fanout.publisher import Publisher
from app.operations.perform import perform
from app.operations.perform_waiting import perform_waiting

__all__ = ["Crowd"]

REMEMBERED = 4_096
ALONE_FOR_S = 1.0
"""After a crowd that could not be performed together, each goes alone for so long."""

_log = structlog.get_logger(__name__)


class Crowd:
    """For the one thread that carries out a process's tasks."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._database = database
        self._publisher = publisher
        self._finished: dict[RevocationId, None] = {}
        self._alone_until = 0.0

    def perform(self, revocation_id: RevocationId) -> None:
        """It is performed, as `perform` says; and then perhaps others are that waited, whose tasks will find that done."""
        if revocation_id in self._finished:
            del self._finished[revocation_id]
            return
        performed = perform(self._database, self._publisher, revocation_id)
        if performed is None:
            return
        if performed.others_wait and boot_seconds() >= self._alone_until:
            self._perform_waiting(revocation_id)
        elif performed.is_audited and not performed.has_ended_now:
            self._remember(companions_of(self._database, revocation_id))

    def _perform_waiting(self, beside: RevocationId) -> None:
        try:
            finished = perform_waiting(self._database, self._publisher, beside=beside)
        except (CutoffError, SQLAlchemyError) as error:
            _log.warning("not_performed_together", error=type(error).__name__)
            self._alone_until = boot_seconds() + ALONE_FOR_S
            return
        self._remember(finished)

    def _remember(self, finished: Collection[RevocationId]) -> None:
        self._finished.update(dict.fromkeys(finished))
        while len(self._finished) > REMEMBERED:
            del self._finished[next(iter(self._finished))]
