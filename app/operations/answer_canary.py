"""A worker has taken a task from the revocations' queue, and could commit: for whoever watches from outside."""

from datetime import timedelta

from sqlalchemy import Connection

from app.data.rows import one_row, run

__all__ = ["answer_canary", "canary_age"]


def answer_canary(db: Connection) -> None:
    """The canary was answered just now."""
    run(db, "UPDATE canary SET answered_at = clock_timestamp()")


def canary_age(db: Connection) -> timedelta | None:
    """How long ago it was last answered; None if it never was. Beat sends one every few seconds."""
    row = one_row(db, "SELECT clock_timestamp() - answered_at AS age FROM canary")
    return None if row is None else row["age"]
