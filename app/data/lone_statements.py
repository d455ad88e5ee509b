"""A statement that is a transaction by itself: one round trip, past SQLAlchemy's Session, which costs more than most statements."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Engine, PoolProxiedConnection, exc

from app.data.rows import Row

__all__ = ["run_alone"]


def run_alone(engine: Engine, sql: str, parameters: Mapping[str, Any]) -> Row | None:
    """The statement has been committed; its first row, None where it returns none.

    Raises: SQLAlchemy's errors, as a Session does.
    """
    with _autocommitting(engine) as connection, _errors_as_of_a_session(engine, sql):
        cursor = connection.cursor(row_factory=dict_row)
        cursor.execute(sql.encode(), parameters)
        return None if cursor.description is None else cursor.fetchone()


@contextmanager
def _autocommitting(engine: Engine) -> Iterator[psycopg.Connection[Any]]:
    """One of the pool; it goes back as it came, or not at all if it broke."""
    pooled = engine.raw_connection()
    try:
        connection = _connection_of(pooled)
        connection.autocommit = True
        try:
            yield connection
        finally:
            if connection.closed:
                pooled.invalidate()
            else:
                connection.autocommit = False
    finally:
        pooled.close()


def _connection_of(pooled: PoolProxiedConnection) -> psycopg.Connection[Any]:
    connection = pooled.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


@contextmanager
def _errors_as_of_a_session(engine: Engine, sql: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise exc.DBAPIError.instance(
            sql, None, error, psycopg.Error, hide_parameters=True, dialect=engine.dialect
        ) from error
