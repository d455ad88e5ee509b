"""The schedule is data: every entry names a task that exists, and every periodic task is in it."""

import os
import subprocess
import sys

from app.fanout.task_queue import PERFORM_REVOCATION, REVOCATIONS, RUN_MASS_REVOCATION, TASK_ROUTES, UPKEEP
from beat_schedule import BEAT_SCHEDULE

WORKER_ENVIRONMENT = {"DATABASE_URL": "postgresql://nowhere/none", "REDIS_URL": "redis://nowhere"}
LIST_TASKS = "import worker.tasks; from worker import app; print('\\n'.join(sorted(app.tasks)))"


def registered_tasks() -> set[str]:
    listing = subprocess.run(
        [sys.executable, "-c", LIST_TASKS],
        env={**os.environ, **WORKER_ENVIRONMENT},
        check=True,
        capture_output=True,
        text=True,
    )
    return {name for name in listing.stdout.split() if not name.startswith("celery.")}


def test_every_schedule_entry_names_a_task_and_every_task_has_a_route():
    scheduled = {entry["task"] for entry in BEAT_SCHEDULE.values()}
    assert registered_tasks() == set(TASK_ROUTES) == scheduled | {PERFORM_REVOCATION, RUN_MASS_REVOCATION}


def test_every_task_goes_to_one_of_the_two_queues():
    assert {route["queue"] for route in TASK_ROUTES.values()} == {REVOCATIONS, UPKEEP}


def test_no_entry_relies_on_an_eta_and_each_message_expires():
    """B245."""
    for entry in BEAT_SCHEDULE.values():
        assert entry["options"]["expires"] > 0
        assert not {"eta", "countdown"} & set(entry["options"])
