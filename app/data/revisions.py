"""Which revision of the tables a database has and which this version needs. Without Alembic: every node asks."""

from pathlib import Path

from sqlalchemy import Connection

__all__ = ["missing_revision"]

VERSIONS = Path(__file__).parent / "migrations" / "versions"


def missing_revision(connection: Connection) -> str | None:
    """The revision that this code needs and the database has not; None when they agree, or the database is newer."""
    known = sorted(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*_*.py"))
    head, present = known[-1], _present(connection)
    return head if present is None or (present in known and present != head) else None


def _present(connection: Connection) -> str | None:
    """None for a database that was never migrated, or was migrated down to nothing."""
    if connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar_one() is None:
        return None
    revision: str | None = connection.exec_driver_sql(
        "SELECT version_num FROM alembic_version"
    ).scalar_one_or_none()
    return revision
