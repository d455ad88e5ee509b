"""A mass revocation from its plan to its receipt: exactly what was asked for ends, once, under one revocation."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from app.config import Settings
from app.data.backlog import read_backlog
from app.data.engine import Database
from app.domain.closing import Reason
from app.domain.mass_criteria import MassRole, MassWhat
from app.domain.mass_revocations import MassState
from app.domain.receipts import ReceiptState
from app.operations.claim_mass_revocations import claim_mass_revocations
from app.operations.read_receipt import read_receipt_as_operator
from app.operations.resume_revocations import resume_revocations
from app.operations.run_mass_batch import run_mass_batch
from app.operations.run_mass_revocation import run_mass_revocation
from tests.builders import Builders, MadeSession
from tests.operations.mass import MassRun
from tests.operations.performing import Facts, Killed, RecordingPublisher

SMALL_PACE = 2
"""Batches of two."""


def test_what_matches_ends_under_one_revocation_and_a_bystander_stays(
    *,
    mass: MassRun,
    make: Builders,
    facts: Facts,
    publisher: RecordingPublisher,
    is_alive: Callable[[MadeSession], bool],
):
    organization = make.organization()
    members = [make.session(make.member(organization)) for _ in range(3)]
    bystander = make.session()

    planned = mass.plan(org=organization.slug, role=MassRole.MEMBER)
    assert (planned.planned.accounts, planned.planned.sessions, planned.planned.tokens) == (3, 3, 0)
    assert all(is_alive(each) for each in members), "a plan ends nothing"
    begun = mass.start(planned)
    assert begun.lease is not None
    done = mass.run(begun.lease)

    assert (done.state, done.ended, done.left_behind, done.percent) == (MassState.DONE, 3, 0, 100)
    assert not any(is_alive(each) for each in members)
    assert is_alive(bystander)
    assert is_alive(organization.admin)
    assert facts.value("SELECT count(*) = 3 FROM refresh_token WHERE invalidated_at IS NOT NULL")
    assert facts.value("SELECT count(*) = 1 FROM revocation")
    assert facts.closures() == [("close", "session", Reason.SESSION_REVOKED)] * 3
    assert set(publisher.targets) == {("session", each.token_hash) for each in members}


def test_the_receipt_waits_for_the_job_and_then_has_its_numbers_and_one_event(
    database: Database, mass: MassRun, make: Builders, facts: Facts
):
    organization = make.organization()
    make.api_token(make.session(make.member(organization)))
    job = mass.start(mass.plan(what=MassWhat.BOTH, org=organization.slug, role=MassRole.MEMBER))
    assert job.lease is not None
    assert job.job.revocation_id is not None

    before = database.transact(read_receipt_as_operator, job.job.revocation_id)
    assert before.state is ReceiptState.REQUESTED
    mass.run(job.lease)

    receipt = database.transact(read_receipt_as_operator, job.job.revocation_id)
    assert receipt.state is ReceiptState.CONFIRMED
    assert (receipt.sessions_ended, receipt.tokens_ended, receipt.org_id) == (1, 1, organization.org_id)
    (event,) = facts.successes(job.job.revocation_id)
    assert event["type"] == "mass_revocation"
    assert event["metadata"]["mass_revocation_id"] == str(job.job.mass_revocation_id)
    steps = facts.rows(
        "SELECT type FROM audit_event WHERE type LIKE 'mass_revocation\\_%%' ORDER BY occurred_at"
    )
    assert [step["type"] for step in steps] == ["mass_revocation_plan", "mass_revocation_start"]


def test_a_sweep_leaves_a_running_job_to_its_worker(
    database: Database, settings: Settings, mass: MassRun, make: Builders, facts: Facts
):
    make.session()
    mass.begin(everyone=True)
    facts.run("UPDATE revocation SET requested_at = requested_at - interval '1 hour'")

    assert database.transact(resume_revocations, perform_within=settings.perform_within) == ()


def test_a_job_that_runs_for_an_hour_is_no_stuck_revocation(
    database: Database, mass: MassRun, make: Builders, facts: Facts
):
    make.session()
    lease = mass.begin(everyone=True)
    facts.run("UPDATE revocation SET requested_at = requested_at - interval '1 hour'")

    running = database.transact(read_backlog)
    assert (running.oldest_waiting, running.stuck, running.oldest_open) == (timedelta(0), 0, timedelta(0))
    mass.run(lease)
    facts.run("UPDATE revocation SET performed_at = performed_at - interval '1 hour', audited_at = NULL")
    assert database.transact(read_backlog).stuck == 1, "one that nobody finishes is"


def test_what_is_issued_after_the_start_is_never_touched(
    mass: MassRun, make: Builders, is_alive: Callable[[MadeSession], bool]
):
    account = make.account()
    before = make.session(account)
    lease = mass.begin(everyone=True)
    after = make.session(account)

    assert mass.run(lease).ended == 1
    assert not is_alive(before)
    assert is_alive(after)


def test_a_sign_in_that_was_open_at_the_start_and_commits_late_is_a_straggler(
    database: Database, mass: MassRun, make: Builders, facts: Facts
):
    account = make.account()
    make.session(account)
    with database.session() as late:
        late.exec_driver_sql(_SIGN_IN, {"account_id": account.account_id})
        lease = mass.begin(everyone=True)
        held_up = mass.run(lease)
        assert (held_up.state, held_up.ended) == (MassState.RUNNING, 1)

    facts.run(
        "UPDATE mass_revocation SET leased_until = clock_timestamp(), next_batch_at = clock_timestamp()"
    )
    (again,) = database.transact(claim_mass_revocations)
    done = mass.run(again)

    assert (done.state, done.ended, done.stragglers_ended) == (MassState.DONE, 2, 1)
    assert facts.value("SELECT count(*) = 0 FROM session WHERE terminated_at IS NULL")


def test_a_row_that_somebody_holds_holds_up_nobody_else_and_ends_when_it_is_let_go(
    database: Database, mass: MassRun, make: Builders, is_alive: Callable[[MadeSession], bool], facts: Facts
):
    sessions = [make.session() for _ in range(5)]
    with database.session() as holder:
        holder.exec_driver_sql(
            "SELECT id FROM session WHERE id = %(id)s FOR UPDATE", {"id": sessions[2].session_id}
        )
        held_up = mass.run(mass.begin(everyone=True))
        assert (held_up.state, held_up.ended, held_up.left_behind) == (MassState.RUNNING, 4, 1)

    facts.run(
        "UPDATE mass_revocation SET leased_until = clock_timestamp(), next_batch_at = clock_timestamp()"
    )
    (again,) = database.transact(claim_mass_revocations)
    done = mass.run(again)

    assert (done.state, done.ended, done.stragglers_ended, done.left_behind) == (MassState.DONE, 5, 1, 0)
    assert not any(is_alive(each) for each in sessions)


def test_a_batch_that_was_not_committed_is_the_next_ones(
    database: Database, mass: MassRun, make: Builders, facts: Facts
):
    """P13."""
    for _ in range(5):
        make.session()
    lease = mass.begin(everyone=True, pace=SMALL_PACE)

    def killed(db: Connection) -> None:
        batch = run_mass_batch(db, lease)
        assert batch is not None
        assert batch.ended == SMALL_PACE
        raise Killed

    with pytest.raises(Killed):
        database.transact(killed)

    assert facts.value("SELECT count(*) = 5 FROM session WHERE terminated_at IS NULL")
    assert database.transact(run_mass_batch, lease) is not None
    assert mass.read(lease.mass_revocation_id).ended == SMALL_PACE
    assert facts.value("SELECT sessions_ended FROM revocation") == SMALL_PACE


def test_a_lease_is_good_once_so_a_task_that_comes_twice_goes_on_once(
    database: Database, mass: MassRun, make: Builders, facts: Facts, publisher: RecordingPublisher
):
    make.session()
    lease = mass.begin(everyone=True)
    assert mass.run(lease).state is MassState.DONE
    said = len(publisher.messages)

    assert mass.run(lease).state is MassState.DONE
    assert len(publisher.messages) == said
    assert len(facts.closures()) == 1
    assert database.transact(claim_mass_revocations) == ()


def test_a_task_that_comes_again_while_the_job_runs_does_nothing(
    *, database: Database, mass: MassRun, make: Builders, facts: Facts, publisher: RecordingPublisher
):
    for _ in range(5):
        make.session()
    lease = mass.begin(everyone=True, pace=SMALL_PACE)
    (further,) = run_mass_revocation(database, publisher, lease)
    facts.run("UPDATE mass_revocation SET next_batch_at = clock_timestamp()")
    ended = mass.read(lease.mass_revocation_id).ended

    assert run_mass_revocation(database, publisher, lease) == ()
    assert 0 < mass.read(lease.mass_revocation_id).ended == ended < 5
    assert mass.run(further).ended == 5


def test_a_job_whose_worker_died_is_given_to_one_other(
    database: Database, mass: MassRun, make: Builders, facts: Facts
):
    """B243."""
    for _ in range(5):
        make.session()
    lost = mass.begin(everyone=True, pace=SMALL_PACE)
    assert database.transact(run_mass_batch, lost) is not None
    assert database.transact(claim_mass_revocations) == (), "its lease still runs"
    facts.run(
        "UPDATE mass_revocation SET leased_until = clock_timestamp(), next_batch_at = clock_timestamp()"
    )

    (taken,) = database.transact(claim_mass_revocations)
    assert database.transact(claim_mass_revocations) == ()
    assert database.transact(run_mass_batch, lost) is None, "who was thought dead has lost it"

    done = mass.run(taken)
    assert (done.state, done.ended, done.stragglers_ended) == (MassState.DONE, 5, 0)
    assert len(facts.closures()) == 5


_SIGN_IN = """
WITH instant AS (UPDATE account SET last_instant = clock_timestamp() WHERE id = %(account_id)s RETURNING last_instant)
INSERT INTO session (id, account_id, token_hash, issued_at, expires_at, absolute_expires_at)
SELECT gen_random_uuid(), %(account_id)s, repeat('a', 64), last_instant,
       last_instant + interval '1 hour', last_instant + interval '30 days'
  FROM instant
"""
