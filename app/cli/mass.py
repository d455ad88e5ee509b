"""`cutoff mass`: plans, starts and moves mass revocations as an operator, and watches them."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.cli.confirmation import confirm
from app.cli.database import opened_database
from app.cli.exit_status import ExitStatus
from app.cli.listing import print_facts, print_json, print_table, the_first
from app.cli.mass_view import job_as_json, job_facts, job_row, watched
from app.cli.problems import CommandRefused
from app.config import Settings, load_settings
from app.data.engine import Database
from app.domain.errors import GrownSincePlan, Invalid
from app.domain.ids import MassRevocationId
from app.domain.mass_criteria import MassRole, MassWhat
from app.domain.mass_revocations import MassLease, MassRevocation, MassState
from app.domain.mass_wording import aim_in_words, count_in_words
from app.domain.operator import Operator
from app.fanout.publisher import Publisher
from app.fanout.task_queue import TaskQueue
from app.operations.cancel_mass_revocation import cancel_mass_revocation
from app.operations.list_mass_revocations import list_mass_revocations
from app.operations.pause_mass_revocation import pause_mass_revocation
from app.operations.perform import perform
from app.operations.plan_mass_revocation import MassAsk, plan_mass_revocation
from app.operations.read_mass_revocation import read_mass_revocation
from app.operations.resume_mass_revocation import resume_mass_revocation
from app.operations.start_mass_revocation import BegunMassRevocation, start_mass_revocation

__all__ = [
    "Asked",
    "cancel_and_print",
    "pause_and_print",
    "plan_and_print",
    "print_jobs",
    "resume_and_print",
    "show_and_print",
    "start_and_print",
]

OPERATOR = Operator(address="cutoff mass")
PURPOSE = "mass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the options said."""

    reason: str
    sessions: bool
    tokens: bool
    everyone: bool
    org: str | None
    role: MassRole | None
    issued_before: datetime | None
    network: str | None
    device: str | None
    pace: int

    @property
    def what(self) -> MassWhat:
        """Raises: Invalid where neither was said: leaving both out does not mean both."""
        if not self.sessions and not self.tokens:
            raise Invalid("what", "say_--sessions_or_--tokens_or_both")
        if self.sessions and self.tokens:
            return MassWhat.BOTH
        return MassWhat.SESSIONS if self.sessions else MassWhat.TOKENS


def plan_and_print(asked: Asked, *, as_json: bool) -> None:
    """The plan is kept and printed; nothing has ended. Raises: Invalid, NotFound, Unavailable."""
    before = asked.issued_before
    ask = MassAsk(
        what=asked.what,
        reason=asked.reason,
        everyone=asked.everyone,
        org=asked.org,
        role=asked.role,
        issued_before=None if before is None else before.replace(tzinfo=UTC),
        network=asked.network,
        device=asked.device,
        pace=asked.pace,
    )
    with opened_database(load_settings(), purpose=PURPOSE) as database:
        job = database.transact(plan_mass_revocation, by=OPERATOR, ask=ask)
    _print(job, as_json=as_json)


def start_and_print(
    job_id: UUID, *, yes: bool, accepted: int | None, watch: bool, as_json: bool
) -> ExitStatus:
    """It runs, as soon as a worker takes it. Raises: NotFound, Conflict, CommandRefused where it has grown."""
    settings = load_settings()
    with opened_database(settings, purpose=PURPOSE) as database:
        planned = _read(database, job_id)
        if planned.state is MassState.PLANNED:
            question = f"End {aim_in_words(planned)}: {count_in_words(planned.planned)}?"
            confirm(question, yes=yes)
        try:
            begun = database.transact(
                start_mass_revocation,
                by=OPERATOR,
                mass_revocation_id=planned.mass_revocation_id,
                accepted=accepted,
            )
        except GrownSincePlan as grown:
            raise CommandRefused(
                f"Nothing has ended: {grown.planned} were planned, and {grown.now} match now. "
                f"Plan again, or say --accept {grown.now}."
            ) from None
        return _follow(settings, database, begun, watch=watch, as_json=as_json)


def pause_and_print(job_id: UUID, *, as_json: bool) -> None:
    """No further batch begins. Raises: NotFound, Conflict."""
    with opened_database(load_settings(), purpose=PURPOSE) as database:
        job = database.transact(
            pause_mass_revocation, by=OPERATOR, mass_revocation_id=MassRevocationId(job_id)
        )
    _print(job, as_json=as_json)


def resume_and_print(job_id: UUID, *, watch: bool, as_json: bool) -> ExitStatus:
    """It goes on. Raises: NotFound, Conflict."""
    settings = load_settings()
    with opened_database(settings, purpose=PURPOSE) as database:
        begun = database.transact(
            resume_mass_revocation, by=OPERATOR, mass_revocation_id=MassRevocationId(job_id)
        )
        return _follow(settings, database, begun, watch=watch, as_json=as_json)


def cancel_and_print(job_id: UUID, *, as_json: bool) -> None:
    """Nothing more ends by it, and what had ended is in the trail. Raises: NotFound, Conflict."""
    settings = load_settings()
    with opened_database(settings, purpose=PURPOSE) as database, Publisher(settings) as publisher:
        job = database.transact(
            cancel_mass_revocation, by=OPERATOR, mass_revocation_id=MassRevocationId(job_id)
        )
        if job.revocation_id is not None:
            perform(database, publisher, job.revocation_id)
    _print(job, as_json=as_json)


def show_and_print(job_id: UUID, *, watch: bool, as_json: bool) -> ExitStatus:
    """The job as it stands, or when it stands still. Raises: NotFound."""
    with opened_database(load_settings(), purpose=PURPOSE) as database:
        job = _read(database, job_id)
        return _shown(database, job, watch=watch, as_json=as_json)


def print_jobs(*, limit: int, as_json: bool) -> None:
    """The newest plans first."""
    with opened_database(load_settings(), purpose=PURPOSE) as database:
        jobs, has_more = the_first(
            limit, lambda page: database.transact(list_mass_revocations, by=OPERATOR, page=page)
        )
    if as_json:
        print_json(job_as_json(job) for job in jobs)
    else:
        print_table([job_row(job) for job in jobs], empty="No mass revocation.", has_more=has_more)


def _follow(
    settings: Settings, database: Database, begun: BegunMassRevocation, *, watch: bool, as_json: bool
) -> ExitStatus:
    """A worker has it, or a sweep will give it to one when the broker is back."""
    if begun.lease is not None:
        _enqueue(settings, begun.lease)
    return _shown(database, begun.job, watch=watch, as_json=as_json)


def _enqueue(settings: Settings, lease: MassLease) -> None:
    queue = TaskQueue(settings)
    try:
        asyncio.run(queue.enqueue_mass_revocation(lease))
    finally:
        queue.close()


def _shown(database: Database, job: MassRevocation, *, watch: bool, as_json: bool) -> ExitStatus:
    """NOT_SO for one that was watched and stands still before it is done."""
    if watch:
        job = watched(job, lambda: _read(database, job.mass_revocation_id))
    _print(job, as_json=as_json)
    return ExitStatus.NOT_SO if watch and job.state is not MassState.DONE else ExitStatus.DONE


def _read(database: Database, job_id: UUID) -> MassRevocation:
    return database.transact(read_mass_revocation, by=OPERATOR, mass_revocation_id=MassRevocationId(job_id))


def _print(job: MassRevocation, *, as_json: bool) -> None:
    if as_json:
        print_json([job_as_json(job)])
    else:
        print_facts(job_facts(job))
