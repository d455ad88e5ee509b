"""Scripting two transactions of which one has to wait for the other."""

from app.clock import boot_seconds, sleep_seconds
from app.data.engine import Database
from app.data.rows import all_rows

PATIENCE_S = 10.0


def wait_until_somebody_waits_for_a_lock(database: Database) -> None:
    gives_up_at = boot_seconds() + PATIENCE_S
    while boot_seconds() < gives_up_at:
        with database.session() as db:
            if all_rows(
                db,
                "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
            ):
                return
        sleep_seconds(0.01)
    raise AssertionError("nobody waits for a lock")
