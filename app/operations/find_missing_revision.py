"""Says whether the database has this version's tables and triggers."""

from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from app.data.revisions import missing_revision

__all__ = ["find_missing_revision"]


def find_missing_revision(db: Connection) -> str | None:
    """The revision that `cutoff migrate` would bring.

    None where nothing is missing, where the database is newer, and where this role may not read which it has.
    """
    try:
        return missing_revision(db)
    except ProgrammingError:
        return None
