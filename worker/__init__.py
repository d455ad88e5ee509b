"""The Celery side: `celery -A worker worker` performs what nodes have asked for, `celery -A worker beat` wakes it.

Run any number of both. Useful options: `--without-gossip --without-mingle` (workers need not know each other), and
`-Q revocations` for a worker that people's revocations do not share with the sweeps.
"""

from app.cli.lean_imports import import_leanly

import_leanly()

from worker.celery_app import app  # noqa: E402 - after what it would import otherwise

__all__ = ["app"]
