"""Statements that are transactions by themselves, in one round trip each; the quickest way goes past SQLAlchemy."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Engine, exc

from app.data.rows import Readable, Row

__all__ = ["alone", "run_alone"]


def run_alone(engine: Engine, sql: str, parameters: Mapping[str, Any]) -> Row | None:
    """The statement has been committed; its first row, None where it returns none.

    Behind a pooler it takes three messages, since the bounds come with each transaction's beginning.

    Raises: SQLAlchemy's errors, as a transaction does.
    """
    with alone(engine, sql) as db:
        if isinstance(db, psycopg.Connection):
            cursor = db.cursor(row_factory=dict_row).execute(sql.encode(), parameters)
            return cursor.fetchone() if cursor.pgresult is not None and cursor.pgresult.nfields else None
        answer = db.exec_driver_sql(sql, dict(parameters))
        row = answer.first() if answer.returns_rows else None
        return None if row is None else row._asdict()


@contextmanager
def alone(engine: Engine, sql: str | None = None) -> Iterator[Readable]:
    """Each statement is a transaction by itself, in one round trip; behind a pooler, all of them are one, with bounds.

    `sql` is the statement, where errors are to name it. Raises: SQLAlchemy's errors, as a transaction does.
    """
    with _errors_as_of_a_transaction(engine, sql), _borrowed(engine) as connection:
        if not _begins_with_bounds(connection):
            with _autocommitting(connection):
                yield connection
            return
    with engine.begin() as db:
        yield db


@contextmanager
def _borrowed(engine: Engine) -> Iterator[psycopg.Connection[Any]]:
    """One of the pool; it does not go back if it broke."""
    pooled = engine.raw_connection()
    try:
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        try:
            yield connection
        finally:
            if connection.closed:
                pooled.invalidate()
    finally:
        pooled.close()


def _begins_with_bounds(connection: psycopg.Connection[Any]) -> bool:
    """Whether its transactions are begun by `app.data.engine`, as the connection itself keeps no bounds."""
    return connection.autocommit


@contextmanager
def _autocommitting(connection: psycopg.Connection[Any]) -> Iterator[None]:
    connection.autocommit = True
    try:
        yield
    finally:
        if not connection.closed:
            connection.autocommit = False


@contextmanager
def _errors_as_of_a_transaction(engine: Engine, sql: str | None) -> Iterator[None]:
    """Those of connecting as well: a raw connection's are the driver's own."""
    try:
        yield
    except psycopg.Error as error:
        raise exc.DBAPIError.instance(
            sql, None, error, psycopg.Error, hide_parameters=True, dialect=engine.dialect
        ) from error
