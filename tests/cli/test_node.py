"""`cutoff node`: a start that cannot succeed ends with a sentence."""

import pytest

from app.cli.exit_status import ExitStatus
from tests.cli.test_main import cutoff
from tests.databases import TestDatabases


@pytest.mark.timeout(120)
def test_on_a_database_that_was_never_migrated_it_says_what_to_run(databases: TestDatabases, redis_url: str):
    with databases.empty() as url:
        ended = cutoff("node", "--port", "0", DATABASE_URL=url, REDIS_URL=redis_url)
    assert ended.returncode == ExitStatus.CANNOT
    assert "run `cutoff migrate`" in ended.stderr
    assert "Traceback" not in ended.stderr
