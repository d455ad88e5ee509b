"""What our processes do not keep in memory."""

import subprocess
import sys

ENVIRONMENT = {"DATABASE_URL": "postgresql://nowhere/none", "REDIS_URL": "redis://nowhere"}
NODE = """
import gc
import sys
import app.cli.main, app.cli.node
from app.cli.lean_imports import import_node
import_node()
import app.asgi
unused = {"rich", "pygments", "opentelemetry.sdk", "alembic", "mako", "sqlalchemy.orm", "pydantic.v1", "yaml", "jinja2"}
unused |= {"celery", "kombu"}
assert not unused & set(sys.modules), unused & set(sys.modules)
assert gc.isenabled()
import rich.console
import yaml
from pydantic import v1
import_node()
"""
BEAT = """
import sys
import worker
found = {"sqlalchemy", "psycopg", "rich", "opentelemetry.sdk"} & set(sys.modules)
assert not found, found
"""
WORKER = """
import sys
import worker.tasks
found = {"rich", "opentelemetry.sdk", "jinja2", "fastapi", "uvicorn"} & set(sys.modules)
assert not found, found
"""


def ends_well(code: str) -> bool:
    ended = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=False)
    return ended.returncode == 0


def test_a_node_imports_neither_what_migrates_nor_what_colors_and_whoever_wants_that_still_gets_it() -> None:
    assert ends_well(NODE)


def test_beat_imports_nothing_of_the_database() -> None:
    assert ends_well(BEAT)


def test_a_worker_imports_neither_what_colors_nor_what_serves() -> None:
    assert ends_well(WORKER)
