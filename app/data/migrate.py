"""Brings a database to this version's tables and triggers."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["downgrade", "upgrade"]

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


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


_ADVISORY_LOCK = 0x43_55_54_4F_46_46  # "CUTOFF": one migration at a time
