"""What tests of performers share: a publisher that remembers, and short questions to the database."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.config import Settings
from app.data.engine import Database
from app.data.rows import Row, all_rows, run
from app.domain.ids import RevocationId
from app.domain.targets import Closure
from app.fanout.publisher import Publisher

NOT_TO_BE_PERFORMED = "ALTER TABLE revocation ADD CONSTRAINT refuses CHECK (performed_at IS NULL) NOT VALID"
"""Whoever performs fails behind the change, in the same transaction."""


class Killed(BaseException):
    """The process ends here, as far as the code under test can tell."""


class RecordingPublisher(Publisher):
    """Remembers what it was given, after calling `before`; answers whether Redis took it."""

    def __init__(
        self,
        settings: Settings,
        *,
        takes: bool = True,
        before: Callable[[Sequence[Closure]], None] = lambda _: None,
    ) -> None:
        super().__init__(settings)
        self.takes = takes
        self.before = before
        self.messages: list[tuple[Closure, ...]] = []

    @property
    def targets(self) -> list[tuple[str, str]]:
        return [(c.target.kind.value, c.target.key) for closures in self.messages for c in closures]

    def publish(self, closures: Sequence[Closure], *, system_identifier: str) -> bool:
        assert closures, "nothing to say is not said"
        self.before(closures)
        self.messages.append(tuple(closures))
        return self.takes


@dataclass(frozen=True)
class Facts:
    """Questions to the database, each in a transaction of its own."""

    database: Database

    def rows(self, sql: str, **parameters: Any) -> Sequence[Row]:
        with self.database.session() as db:
            return all_rows(db, sql, **parameters)

    def value(self, sql: str, **parameters: Any) -> Any:
        (row,) = self.rows(sql, **parameters)
        (value,) = row.values()
        return value

    def run(self, sql: str, **parameters: Any) -> int:
        with self.database.session() as db:
            return run(db, sql, **parameters)

    def revocation(self, revocation_id: RevocationId) -> Row:
        (row,) = self.rows("SELECT * FROM revocation WHERE id = %(id)s", id=revocation_id)
        return row

    def successes(self, revocation_id: RevocationId) -> Sequence[Row]:
        return self.rows(
            "SELECT * FROM audit_event WHERE revocation_id = %(id)s AND outcome = 'success'", id=revocation_id
        )

    def waiting_for_locks(self) -> int:
        count: int = self.value(
            """
            SELECT count(*) FROM pg_stat_activity
             WHERE wait_event_type = 'Lock' AND datname = current_database()
            """
        )
        return count

    def closures(self) -> list[tuple[str, str, str]]:
        rows = self.rows("SELECT action, target_kind, reason FROM closure ORDER BY seq")
        return [(row["action"], row["target_kind"], row["reason"]) for row in rows]


@dataclass
class InThread:
    """Calls in a thread of its own; `result` waits for it, and raises what it raised."""

    call: Callable[[], Any]
    _outcome: list[Any] = field(default_factory=list)
    _error: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._outcome.append(self.call())
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks
            self._error.append(error)

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def result(self, within_s: float = 20) -> Any:
        self._thread.join(within_s)
        assert not self._thread.is_alive(), f"still running after {within_s} s"
        if self._error:
            raise self._error[0]
        return self._outcome[0]
