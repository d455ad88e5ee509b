"""What is in the closure log, for tests: as rows, and as a node's tail would read it."""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.data.closure_log import POLL, Poll, poll_from, poll_parameters
from app.data.engine import Database
from app.data.rows import all_rows
from app.domain.snapshot import Snapshot

LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Written:
    """A row of the log, as far as tests compare it."""

    action: str
    kind: str
    key: str
    reason: str


def closures(db: Connection, *, of_action: str | None = None) -> list[Written]:
    rows = all_rows(db, "SELECT action, target_kind, target_key, reason FROM closure ORDER BY seq")
    written = [Written(row["action"], row["target_kind"], row["target_key"], row["reason"]) for row in rows]
    return [each for each in written if of_action in {None, each.action}]


class Tail:
    """Polls as a node does, but when the test says so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.last: Snapshot | None = None
        self.poll()

    def poll(self) -> list[tuple[str, str]]:
        """Kind and key of each closure that came since the last poll."""
        poll = self.raw_poll()
        self.last = poll.snapshot
        return [(closure.target.kind.value, closure.target.key) for closure in poll.closures]

    def raw_poll(self, *, limit: int = LIMIT) -> Poll:
        with self._database.session() as db:
            rows = all_rows(db, POLL, **poll_parameters(self.last, limit=limit))
        return poll_from(rows, last=self.last, limit=limit)
