"""What receipts cost: the same storm twice, of revocations that have a receipt and of closures that have none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from app.clock import boot_seconds, sleep_seconds
from app.data.engine import Database
from app.data.rows import run
from app.operations.settle_receipts import BATCH, settle_receipts
from benchmarks.benchmark import OURS, Benchmark, Figures, Options, Subject
from benchmarks.cases import storm
from benchmarks.figures import MS
from benchmarks.stacks import Guest, Stack
from benchmarks.stacks.ours import NODES, OurFleet, our_fleet, our_sender, our_stack

__all__ = ["BENCHMARK", "Stage", "measure", "stage_of"]

REVOCATIONS = 2_000
WITHOUT = "without receipts"
WRITTEN_WITHIN_S = 30.0
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The same sockets and servers for both; what differs is what the messages say."""

    ours: OurFleet
    with_receipts: Stack
    without: Stack
    connection: psycopg.Connection[Any]
    database: Database


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    count = options.scaled(REVOCATIONS, least=storm.PIPELINED)
    with our_fleet() as ours, our_stack(ours) as stack, stage_of(ours, stack) as stage:
        storm.measure(stack, storm.PIPELINED)
        yield [
            Subject(name=OURS, measure=lambda: measure(stage, count, has_receipts=True)),
            Subject(name=WITHOUT, measure=lambda: measure(stage, count, has_receipts=False)),
        ]


@contextmanager
def stage_of(ours: OurFleet, stack: Stack) -> Iterator[Stage]:
    """Until the block ends."""
    with (
        our_sender(ours, "cutoff-recorded") as recorded,
        our_sender(ours, "cutoff-unrecorded") as unrecorded,
        psycopg.connect(ours.database_url, autocommit=True) as connection,
    ):
        database = Database(ours.fleet.settings, application_name="cutoff bench")
        yield Stage(
            ours=ours,
            with_receipts=replace(stack, sender=recorded),
            without=replace(stack, sender=unrecorded),
            connection=connection,
            database=database,
        )
        database.dispose()


def measure(stage: Stage, count: int, *, has_receipts: bool) -> Figures:
    """One round, on new accounts, until the receipts say how each socket went. What is used at rest does not count."""
    stack = stage.with_receipts if has_receipts else stage.without
    guests = stack.invite(count)
    stack.open(guests, each=storm.SOCKETS_EACH)
    keys = [guest.key for guest in guests]
    if has_receipts:
        stage.connection.execute(_COMPLETE, [keys])
    stack.rest()
    calm = _Reading.of(stage)
    stack.rest()
    before = _Reading.of(stage)
    stack.sender.ask(close=keys, batch=storm.PIPELINED)
    stack.ends(keys)
    if has_receipts:
        _wait_until_written(stage, keys)
    stack.rest()
    nodes_s, postgres_s = _Reading.of(stage).beyond_rest(before, calm)
    return {
        "server_cpu_ms_each": nodes_s * MS / count,
        **(_of_the_database(stage, guests, postgres_s) if has_receipts else {}),
    }


def _of_the_database(stage: Stage, guests: Sequence[Guest], postgres_s: float) -> Figures:
    """Without receipts, nothing is asked of it."""
    return {
        "postgres_cpu_ms_each": postgres_s * MS / len(guests),
        "settle_ms_each": _settle_ms(stage, guests),
    }


@dataclass(frozen=True, slots=True)
class _Reading:
    """An instant, and the CPU seconds of nodes and PostgreSQL so far, without the benchmark's own connection."""

    at: float
    nodes_s: float
    postgres_s: float

    @classmethod
    def of(cls, stage: Stage) -> "_Reading":
        own = stage.connection.info.backend_pid
        return cls(boot_seconds(), stage.without.cpu_s(), stage.ours.postgres_cpu_s(apart_from=own))

    def beyond_rest(self, before: "_Reading", calm: "_Reading") -> tuple[float, float]:
        """What was used since `before`, less what would have been used at the pace from `calm` to `before`."""
        pace = (self.at - before.at) / (before.at - calm.at)
        return (
            self.nodes_s - before.nodes_s - (before.nodes_s - calm.nodes_s) * pace,
            self.postgres_s - before.postgres_s - (before.postgres_s - calm.postgres_s) * pace,
        )


def _wait_until_written(stage: Stage, keys: Sequence[str]) -> None:
    gives_up_at = boot_seconds() + WRITTEN_WITHIN_S
    while boot_seconds() < gives_up_at:
        row = stage.connection.execute(_WRITTEN, [list(keys)]).fetchone()
        if row == (len(keys) * NODES,):
            return
        sleep_seconds(LOOK_EVERY_S)
    raise RuntimeError("not all receipts say in time how their sockets went")


def _settle_ms(stage: Stage, guests: Sequence[Guest]) -> float:
    """What a worker needs to complete one: a batch of them is open again, and settled in the same transaction."""
    keys = [guest.key for guest in guests[:BATCH]]
    with stage.database.session() as db:
        run(db, _OPEN_AGAIN, keys=keys)
        began_at = boot_seconds()
        changed = settle_receipts(db)
        took_s = boot_seconds() - began_at
    return took_s * MS / max(1, changed)


_COMPLETE = """
INSERT INTO revocation (id, kind, source, reason, account_id, performed_at, published_at, audited_at,
                        first_seen_at, confirmed_at, completed_at)
SELECT id, 'session_revoke_all', 'request', 'all_sessions_revoked', id, at, at, at, at, at, at
  FROM unnest(%s::uuid[]) AS id, (SELECT clock_timestamp() AS at) AS now
"""
"""So that the sweep leaves them alone: what it does is measured by itself."""
_WRITTEN = "SELECT count(*) FROM receipt_node WHERE revocation_id = ANY(%s::uuid[]) AND closing = 0"
_OPEN_AGAIN = (
    "UPDATE revocation SET confirmed_at = NULL, completed_at = NULL WHERE id = ANY(%(keys)s::uuid[])"
)

BENCHMARK = Benchmark(
    name="receipts",
    summary="2,000 revocations at once on 4,000 sockets, with receipts and without",
    baseline=WITHOUT,
    subjects=_subjects,
)
