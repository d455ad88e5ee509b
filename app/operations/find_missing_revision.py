"""Says whether the database has this version's tables and triggers."""

from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.data.revisions import missing_revision

__all__ = ["find_missing_revision"]


def find_missing_revision(db: Session) -> str | None:
    """The revision that `cutoff migrate` would bring.

    None where nothing is missing, where the database is newer, and where this role may not read which it has.
    """
    try:
        return missing_revision(db.connection())
    except ProgrammingError:
        return None
