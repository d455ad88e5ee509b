"""Goes through everything that the promise stands on; what is down does not keep the rest from being looked at."""

from collections.abc import Iterator

from app.cli.database import opened_database
from app.cli.doctor.bus import check_bus
from app.cli.doctor.configuration import judge_settings
from app.cli.doctor.database import judge_clocks, judge_revision, judge_server, judge_triggers
from app.cli.doctor.nodes import judge_nodes
from app.cli.doctor.queue import check_queue, judge_backlog
from app.clock import wall_clock
from app.config import Settings
from app.data.engine import Database
from app.domain.errors import Unavailable
from app.domain.findings import Finding, Verdict
from app.domain.paging import MAXIMUM_LIMIT
from app.operations.check_triggers import check_triggers
from app.operations.examine_server import examine_server
from app.operations.find_missing_revision import find_missing_revision
from app.operations.list_nodes import list_nodes
from app.operations.measure_backlog import measure_backlog

__all__ = ["examine"]


def examine(settings: Settings) -> Iterator[Finding]:
    """Each thing as soon as it is known."""
    yield from judge_settings(settings)
    with opened_database(settings, purpose="doctor") as database:
        try:
            yield from _examine_database(settings, database)
        except Unavailable as error:
            yield Finding(
                check="postgresql",
                verdict=Verdict.PROBLEM,
                means=f"PostgreSQL does not answer ({_why(error)}): nodes hold every frame.",
                do="Is DATABASE_URL right, and does the server run?",
            )
    yield from check_bus(settings)


def _examine_database(settings: Settings, database: Database) -> Iterator[Finding]:
    facts = database.transact(examine_server)
    clocks = judge_clocks(wall_clock(), facts.now)
    yield from judge_server(facts, settings)
    yield clocks
    missing = database.transact(find_missing_revision)
    yield judge_revision(missing)
    if missing is not None:
        return
    yield judge_triggers(database.transact(check_triggers))
    yield from judge_nodes(database.transact(list_nodes, limit=MAXIMUM_LIMIT).items)
    backlog = database.transact(measure_backlog)
    yield from judge_backlog(backlog, settings)
    if not facts.is_replica and not facts.is_read_only:
        yield from check_queue(settings, database, backlog)


def _why(error: Unavailable) -> str:
    cause = getattr(error.__cause__, "orig", None) or error.__cause__ or error
    return type(cause).__name__
