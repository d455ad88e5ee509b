"""Says how much waits, and for how long."""

from sqlalchemy import Connection

from app.data.backlog import read_backlog
from app.domain.backlog import Backlog

__all__ = ["measure_backlog"]


def measure_backlog(db: Connection) -> Backlog:
    """The revocations that nobody has performed yet, the receipts that are open, and when a worker last answered."""
    return read_backlog(db)
