"""The connections of one process, and the one place where the driver's errors become ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from sqlalchemy import Engine, create_engine, exc, make_url
from sqlalchemy.orm import Session

from app.config import Settings
from app.data.live_connections import look_before_use
from app.data.lone_statements import run_alone
from app.data.rows import Row
from app.domain.errors import Unavailable

__all__ = ["Database", "driver_errors_are_ours"]

CONNECT_TIMEOUT_S = 2
DEAD_PATH_MARGIN = timedelta(seconds=1)
"""How much longer than the longest statement a silent peer is believed to be alive."""
POOL_WAIT_S = 5.0
ATTEMPTS = 3
"""How often a transaction is tried that lost a deadlock or could not be serialized."""

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """The pooled connections of one process: built after a fork or at start-up, never at import.

    Statements, waits for locks and idle transactions are bounded by the server; a path that swallows packets, by
    the kernel. So no call outlasts its bound by much, whatever breaks.
    """

    def __init__(self, settings: Settings, *, application_name: str) -> None:
        self.engine = _engine(settings, application_name)
        look_before_use(self.engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed on leaving, rolled back on an error.

        Raises: Unavailable where the database is away, too slow, or asks to be tried again. If that comes from the
        commit, nobody knows whether it was carried out.
        """
        with driver_errors_are_ours(), Session(self.engine, autoflush=False) as db, db.begin():
            yield db

    def transact(self, work: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns, run in a transaction that is tried again if it loses a deadlock."""

        def attempt() -> T:
            with self.session() as db:
                return work(db, *args, **kwargs)

        return _tried_again(attempt)

    def alone(self, sql: str, **parameters: Any) -> Row | None:
        """The statement has been committed, a transaction by itself in one round trip, tried again likewise; its first row.

        Raises: Unavailable as `session` does.
        """

        def attempt() -> Row | None:
            with driver_errors_are_ours():
                return run_alone(self.engine, sql, parameters)

        return _tried_again(attempt)

    def dispose(self) -> None:
        """All idle connections are closed; those in use close when they are given back."""
        self.engine.dispose()


@contextmanager
def driver_errors_are_ours() -> Iterator[None]:
    """What the driver raises because the database is away or busy becomes Unavailable; bugs stay what they are."""
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError) as error:
        raise Unavailable("database") from error


def _tried_again(attempt: Callable[[], T]) -> T:
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except Unavailable as unavailable:
            if not _lost_a_race(unavailable.__cause__):
                raise
    return attempt()


def _lost_a_race(error: BaseException | None) -> bool:
    lost = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
    return isinstance(error, exc.DBAPIError) and isinstance(error.orig, lost)


def _engine(settings: Settings, application_name: str) -> Engine:
    url = make_url(settings.database_url).set(drivername="postgresql+psycopg")
    given = url.query.get("options", "")
    options = [given if isinstance(given, str) else " ".join(given), *_time_outs(settings)]
    silence = settings.statement_timeout + DEAD_PATH_MARGIN
    return create_engine(
        url.difference_update_query(["options"]),
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        # An error's text is logged; among the parameters are hashes of tokens and passwords.
        hide_parameters=True,
        connect_args={
            "application_name": application_name,
            "options": " ".join(option for option in options if option),
            "connect_timeout": CONNECT_TIMEOUT_S,
            "keepalives_idle": 2,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": _milliseconds(silence),
            # A pooler may share connections between transactions, and would mix up prepared statements.
            "prepare_threshold": None,
        },
    )


def _time_outs(settings: Settings) -> list[str]:
    return [
        f"-c statement_timeout={_milliseconds(settings.statement_timeout)}",
        f"-c lock_timeout={_milliseconds(settings.lock_timeout)}",
        f"-c idle_in_transaction_session_timeout={_milliseconds(settings.idle_in_transaction_timeout)}",
        "-c timezone=UTC",
    ]


def _milliseconds(duration: timedelta) -> int:
    """At least 1: to PostgreSQL, 0 is no limit at all."""
    return max(1, round(duration / timedelta(milliseconds=1)))
