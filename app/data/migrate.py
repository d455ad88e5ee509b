"""Brings a database to this version's tables and triggers, and says which version it has."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

__all__ = ["downgrade", "missing_revision", "upgrade"]

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """The database has the tables and triggers of `revision`; repeating it changes nothing.

    Several processes may call it at once: one migrates, the others wait for it.
    """
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """The database has the tables of the older `revision`; what only newer tables held is gone."""
    command.downgrade(_config(connection), revision)


def missing_revision(connection: Connection) -> str | None:
    """The revision that this code needs and the database has not; None when they agree, or the database is newer."""
    scripts = ScriptDirectory.from_config(_config(connection))
    head, present = scripts.get_current_head(), MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    return head if present is None or (present in known and present != head) else None


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


_ADVISORY_LOCK = 0x43_55_54_4F_46_46  # "CUTOFF": one migration at a time
