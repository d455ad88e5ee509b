"""The connections of one process, and the one place where the driver's errors become ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg.rows import args_row
from sqlalchemy import Connection, Dialect, Engine, create_engine, event, exc, make_url

from app.config import Settings
from app.data.bounds import Bounds, is_refusal_of_options
from app.data.live_connections import look_before_use
from app.data.lone_statements import alone, run_alone
from app.data.rows import Readable, Row, storable
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

    Statements, waits for locks and idle transactions are bounded by the server, behind a pooler too; a path that
    swallows packets, by the kernel. So no call outlasts its bound by much, whatever breaks.
    """

    def __init__(self, settings: Settings, *, application_name: str) -> None:
        self.engine = _engine(settings, application_name)
        look_before_use(self.engine)

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """One transaction: committed on leaving, rolled back on an error.

        Raises: Unavailable where the database is away, too slow, or asks to be tried again. If that comes from the
        commit, nobody knows whether it was carried out.
        """
        with driver_errors_are_ours(), self.engine.begin() as db:
            yield db

    def transact(
        self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `work` returns, run in a transaction that is tried again if it loses a deadlock."""

        def attempt() -> T:
            with self.session() as db:
                return work(db, *args, **kwargs)

        return _tried_again(attempt)

    def read(self, work: Callable[Concatenate[Readable, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns, which asks one statement and changes nothing: one round trip, where a transaction takes three.

        Raises: Unavailable as `session` does.
        """
        with driver_errors_are_ours(), alone(self.engine) as db:
            return work(db, *args, **kwargs)

    def alone(self, sql: str, **parameters: Any) -> Row | None:
        """The statement has been committed, a transaction by itself in one round trip, tried again likewise; its first row.

        Raises: Unavailable as `session` does.
        """

        def attempt() -> Row | None:
            with driver_errors_are_ours():
                return run_alone(self.engine, sql, storable(parameters))

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
    silence = settings.statement_timeout + DEAD_PATH_MARGIN
    engine = create_engine(
        url.difference_update_query(["options"]),
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        # The one that was used last finds the most in its caches: its own plans, and the tables as its server process knows them.
        pool_use_lifo=True,
        # An error's text is logged; among the parameters are hashes of tokens and passwords.
        hide_parameters=True,
        connect_args={
            "application_name": application_name,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "keepalives_idle": 2,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": max(1, round(silence / timedelta(milliseconds=1))),
            # A pooler may share connections between transactions, and would mix up prepared statements.
            "prepare_threshold": None,
        },
    )
    bounded = _Bounded(_bounds(settings), given=given if isinstance(given, str) else " ".join(given))
    event.listen(engine, "do_connect", bounded.connect)
    event.listen(engine, "begin", bounded.begin)
    return engine


class _Bounded:
    """Gives an engine's connections their bounds: for good when they are made, or else in each transaction."""

    def __init__(self, bounds: Bounds, *, given: str) -> None:
        self._bounds = bounds
        self._given = given
        self._are_options_taken = True

    def connect(
        self, dialect: Dialect, _record: object, arguments: tuple[Any, ...], parameters: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        """A connection in the driver's autocommit is one whose transactions `begin` begins."""
        connection = self._connected(dialect, arguments, parameters)
        connection.autocommit = True
        cursor = connection.cursor(row_factory=args_row(self._bounds.are_kept(connection)))
        connection.autocommit = not cursor.execute(self._bounds.question).fetchone()
        return connection

    def begin(self, connection: Connection) -> None:
        """The transaction has its bounds, for one round trip: the driver's own `BEGIN` is one as well."""
        driver_connection: Any = connection.connection.dbapi_connection
        if driver_connection.autocommit:
            connection.exec_driver_sql(self._bounds.begin())

    def _connected(
        self, dialect: Dialect, arguments: tuple[Any, ...], parameters: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        if self._are_options_taken:
            options = f"{self._given} {self._bounds.options}".strip()
            try:
                return dialect.connect(*arguments, **parameters, options=options)  # type: ignore[return-value]
            except psycopg.OperationalError as error:
                if not is_refusal_of_options(error):
                    raise
                self._are_options_taken = False
        return dialect.connect(*arguments, **parameters, options=self._given)  # type: ignore[return-value]


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        time_outs={
            "statement_timeout": settings.statement_timeout,
            "lock_timeout": settings.lock_timeout,
            "idle_in_transaction_session_timeout": settings.idle_in_transaction_timeout,
        }
    )
