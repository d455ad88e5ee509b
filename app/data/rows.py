"""Running SQL as text, in driver style: `%(name)s` for parameters, `%%` for a percent sign."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection

from app.domain.errors import Invalid

__all__ = ["Readable", "Row", "all_rows", "one_row", "run", "storable"]

Row: TypeAlias = Mapping[str, Any]
"""A row, columns by name."""

Readable: TypeAlias = Connection | psycopg.Connection[Any]
"""What one statement may be asked on that changes nothing: a transaction, or the driver's own connection, which is quicker."""


def all_rows(db: Readable, sql: str, **parameters: Any) -> Sequence[Row]:
    """Every row of the answer."""
    if isinstance(db, psycopg.Connection):
        return db.cursor(row_factory=dict_row).execute(sql.encode(), storable(parameters)).fetchall()
    return [row._asdict() for row in db.exec_driver_sql(sql, storable(parameters))]


def one_row(db: Connection, sql: str, **parameters: Any) -> Row | None:
    """The only row; None where there is none. Raises: MultipleResultsFound for two, which is a bug."""
    row = db.exec_driver_sql(sql, storable(parameters)).one_or_none()
    return None if row is None else row._asdict()


def run(db: Connection, sql: str, **parameters: Any) -> int:
    """The statement has run; how many rows it inserted, updated or deleted."""
    return db.exec_driver_sql(sql, storable(parameters)).rowcount


def storable(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters, which came from outside. Raises: Invalid for text that PostgreSQL cannot hold."""
    for name, value in parameters.items():
        if isinstance(value, str) and _UNSTORABLE.search(value) is not None:
            raise Invalid(name, "has_a_character_that_text_cannot_hold")
    return parameters


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
