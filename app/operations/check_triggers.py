"""Says which of the closure log's triggers are missing or switched off."""

from sqlalchemy import Connection

from app.data.triggers import missing_triggers

__all__ = ["check_triggers"]


def check_triggers(db: Connection) -> tuple[str, ...]:
    """The names, as `table.trigger`; empty when every path that ends a credential is written to the log."""
    return missing_triggers(db)
