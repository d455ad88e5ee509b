"""Puts on the trail what ended by SQL: by hand, by a cascade, by another program."""

from sqlalchemy import Connection

from app.data import direct_ends

__all__ = ["record_direct_ends"]

BATCH = 1_000


def record_direct_ends(db: Connection) -> int:
    """A batch of ends that came without a request has its event in the trail, and numbers in its receipts; how many."""
    return direct_ends.record_direct_ends(db, limit=BATCH)
