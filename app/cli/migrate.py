"""`cutoff migrate`: the database gets this version's tables and triggers."""

from datetime import timedelta

from app.cli.database import opened_database
from app.config import Settings, load_settings
from app.data.engine import driver_errors_are_ours
from app.data.migrate import upgrade

__all__ = ["migrate", "migrate_database"]

PATIENCE = timedelta(minutes=15)
"""An index on a large table takes longer than any statement of a running node may."""


def migrate_database() -> None:
    """The database at DATABASE_URL is up to date."""
    migrate(load_settings())


def migrate(settings: Settings) -> None:
    """That database is up to date; repeating it changes nothing. Raises: Unavailable."""
    patient = settings.model_copy(
        update={
            "statement_timeout": PATIENCE,
            "lock_timeout": PATIENCE,
            "idle_in_transaction_timeout": PATIENCE,
        }
    )
    with (
        opened_database(patient, purpose="migrate") as database,
        driver_errors_are_ours(),
        database.engine.begin() as connection,
    ):
        upgrade(connection)
