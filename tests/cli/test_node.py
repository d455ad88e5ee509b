"""`cutoff node`: what its process is like, and that a start that cannot succeed ends with a sentence."""

from pathlib import Path

import pytest

from app.cli.exit_status import ExitStatus
from app.cli.node import THREADS_GIVE_WAY_AFTER_S
from tests.cli.test_main import cutoff
from tests.databases import TestDatabases

LOOKING = """
import sys

async def app(scope, receive, send):
    print(sys.getswitchinterval())
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "it has looked"})
"""


def test_the_event_loop_waits_for_no_thread_for_long(tmp_path: Path, database_url: str, redis_url: str):
    (tmp_path / "looking.py").write_text(LOOKING)
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "PYTHONPATH": str(tmp_path)}
    ended = cutoff("node", "--port", "0", "--app", "looking:app", **environment)
    assert ended.returncode == ExitStatus.CANNOT
    assert float(ended.stdout) == THREADS_GIVE_WAY_AFTER_S


@pytest.mark.timeout(120)
def test_on_a_database_that_was_never_migrated_it_says_what_to_run(databases: TestDatabases, redis_url: str):
    with databases.empty() as url:
        ended = cutoff("node", "--port", "0", DATABASE_URL=url, REDIS_URL=redis_url)
    assert ended.returncode == ExitStatus.CANNOT
    assert "run `cutoff migrate`" in ended.stderr
    assert "Traceback" not in ended.stderr
