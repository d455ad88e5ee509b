"""Running SQL as text, in driver style: `%(name)s` for parameters, `%%` for a percent sign."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

__all__ = ["Row", "all_rows", "one_row", "run"]

Row: TypeAlias = Mapping[str, Any]
"""A row, columns by name."""


def all_rows(db: Session, sql: str, **parameters: Any) -> Sequence[Row]:
    """Every row of the answer."""
    return [row._asdict() for row in db.connection().exec_driver_sql(sql, parameters)]


def one_row(db: Session, sql: str, **parameters: Any) -> Row | None:
    """The only row; None where there is none. Raises: MultipleResultsFound for two, which is a bug."""
    row = db.connection().exec_driver_sql(sql, parameters).one_or_none()
    return None if row is None else row._asdict()


def run(db: Session, sql: str, **parameters: Any) -> int:
    """The statement has run; how many rows it inserted, updated or deleted."""
    return db.connection().exec_driver_sql(sql, parameters).rowcount
