"""What people do to a mass revocation, and who may: plan, start, pause, resume, cancel; each step once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.config import Settings
from app.data.engine import Database
from app.domain.errors import Conflict, Forbidden, GrownSincePlan, Invalid, NotFound
from app.domain.mass_revocations import MassState
from app.domain.receipts import ReceiptState
from app.domain.revocation_request import Idempotency
from app.operations.cancel_mass_revocation import cancel_mass_revocation
from app.operations.claim_mass_revocations import claim_mass_revocations
from app.operations.pause_mass_revocation import pause_mass_revocation
from app.operations.plan_mass_revocation import plan_mass_revocation
from app.operations.read_receipt import read_receipt_as_operator
from app.operations.resume_mass_revocation import resume_mass_revocation
from app.operations.resume_revocations import resume_revocations
from app.operations.run_mass_batch import run_mass_batch
from app.operations.start_mass_revocation import start_mass_revocation
from tests.builders import Builders, MadeSession
from tests.operations.mass import OPERATOR, MassRun, asking
from tests.operations.performing import Facts

SMALL_PACE = 2
"""Batches of two."""


def test_pausing_stops_it_between_batches_and_resuming_goes_on_there(
    database: Database, mass: MassRun, make: Builders, facts: Facts
):
    for _ in range(5):
        make.session()
    lease = mass.begin(everyone=True, pace=SMALL_PACE)
    job_id = lease.mass_revocation_id
    assert database.transact(run_mass_batch, lease) is not None

    paused = database.transact(pause_mass_revocation, by=OPERATOR, mass_revocation_id=job_id)
    again = database.transact(pause_mass_revocation, by=OPERATOR, mass_revocation_id=job_id)
    assert (paused.state, again.state) == (MassState.PAUSED, MassState.PAUSED)
    assert mass.run(lease).ended == SMALL_PACE
    assert database.transact(claim_mass_revocations) == ()

    resumed = database.transact(resume_mass_revocation, by=OPERATOR, mass_revocation_id=job_id)
    assert resumed.lease is not None
    assert database.transact(resume_mass_revocation, by=OPERATOR, mass_revocation_id=job_id).lease is None
    done = mass.run(resumed.lease)
    assert (done.state, done.ended) == (MassState.DONE, 5)
    events = facts.rows(
        "SELECT type FROM audit_event WHERE type IN ('mass_revocation_pause', 'mass_revocation_resume')"
    )
    assert len(events) == 2, "twice is once"


def test_what_had_ended_when_it_was_cancelled_has_a_receipt_and_the_rest_lives(
    database: Database, mass: MassRun, make: Builders, facts: Facts, settings: Settings
):
    for _ in range(5):
        make.session()
    lease = mass.begin(everyone=True, pace=SMALL_PACE)
    database.transact(run_mass_batch, lease)

    cancelled = database.transact(
        cancel_mass_revocation, by=OPERATOR, mass_revocation_id=lease.mass_revocation_id
    )

    assert cancelled.state is MassState.CANCELLED
    assert cancelled.is_over
    assert cancelled.revocation_id is not None
    assert mass.run(lease).ended == SMALL_PACE
    assert facts.value("SELECT count(*) = 3 FROM session WHERE terminated_at IS NULL")
    receipt = database.transact(read_receipt_as_operator, cancelled.revocation_id)
    assert (receipt.state, receipt.sessions_ended) == (ReceiptState.CONFIRMED, SMALL_PACE)
    facts.run("UPDATE revocation SET performed_at = performed_at - interval '1 minute'")
    unaudited = database.transact(resume_revocations, perform_within=settings.perform_within)
    assert unaudited == (cancelled.revocation_id,)
    with pytest.raises(Conflict) as refused:
        mass.start(cancelled)
    assert refused.value.rule == "mass_revocation_is_cancelled"


def test_a_plan_that_was_never_started_can_be_cancelled_and_leaves_no_receipt(
    database: Database, mass: MassRun, make: Builders, facts: Facts
):
    make.session()
    planned = mass.plan(everyone=True)

    database.transact(cancel_mass_revocation, by=OPERATOR, mass_revocation_id=planned.mass_revocation_id)

    assert facts.value("SELECT count(*) = 0 FROM revocation")


def test_what_has_grown_since_the_plan_has_to_be_accepted(mass: MassRun, make: Builders):
    for _ in range(10):
        make.session()
    planned = mass.plan(everyone=True)
    make.session()
    assert mass.plan(everyone=True).planned.sessions == 11, "a tenth more passes"
    make.session()

    with pytest.raises(GrownSincePlan) as grown:
        mass.start(planned)
    assert (grown.value.planned, grown.value.now) == (10, 12)
    with pytest.raises(GrownSincePlan):
        mass.start(planned, accepted=10)

    assert mass.start(planned, accepted=12).job.state is MassState.RUNNING


def test_starting_twice_starts_once_and_finds_the_same_receipt(mass: MassRun, make: Builders, facts: Facts):
    make.session()
    planned = mass.plan(everyone=True)

    first, second = mass.start(planned), mass.start(planned)

    assert first.job.revocation_id == second.job.revocation_id
    assert second.lease is None
    assert facts.value("SELECT count(*) = 1 FROM revocation")


def test_an_idempotency_key_finds_its_plan_and_no_other(database: Database, make: Builders):
    admin = make.session(make.account(is_global_admin=True)).caller
    key = Idempotency(key="once", request_digest="a")

    first = database.transact(plan_mass_revocation, by=admin, ask=asking(everyone=True), idempotency=key)
    second = database.transact(plan_mass_revocation, by=admin, ask=asking(everyone=True), idempotency=key)

    assert first == second
    other = Idempotency(key="once", request_digest="b")
    with pytest.raises(Conflict):
        database.transact(plan_mass_revocation, by=admin, ask=asking(device="phone"), idempotency=other)
    job_id = first.mass_revocation_id
    database.transact(start_mass_revocation, by=admin, mass_revocation_id=job_id, idempotency=key)
    with pytest.raises(Conflict):
        database.transact(start_mass_revocation, by=admin, mass_revocation_id=job_id, idempotency=other)


def test_who_asks_keeps_the_session_they_ask_with_unless_they_say_otherwise(
    mass: MassRun, make: Builders, is_alive: Callable[[MadeSession], bool]
):
    admin = make.account(is_global_admin=True)
    mine, other_device = make.session(admin), make.session(admin)

    mass.run(mass.begin(mine.caller, everyone=True))
    assert (is_alive(mine), is_alive(other_device)) == (True, False)
    mass.run(mass.begin(mine.caller, everyone=True, with_own=True))
    assert not is_alive(mine)


def test_an_organizations_admin_revokes_within_it_and_nowhere_else(mass: MassRun, make: Builders):
    ours, theirs = make.organization(), make.organization()
    member = make.session(make.member(ours))
    admin = ours.admin.caller

    for asked, refusal in (
        ({"everyone": True}, Forbidden),
        ({"device": "Firefox"}, Forbidden),
        ({"org": theirs.slug}, NotFound),
        ({"org": "nowhere"}, NotFound),
    ):
        with pytest.raises(refusal):
            mass.plan(admin, **asked)
    with pytest.raises(Forbidden):
        mass.plan(member.caller, org=ours.slug)
    assert mass.plan(admin, org=ours.slug).planned.sessions == 1, "their own is spared"


def test_an_admin_sees_and_moves_only_jobs_of_their_organization(
    database: Database, mass: MassRun, make: Builders
):
    ours, theirs = make.organization(), make.organization()
    their_job = mass.plan(theirs.admin.caller, org=theirs.slug)
    for_all = mass.plan(everyone=True)

    for job in (their_job, for_all):
        for step in (start_mass_revocation, pause_mass_revocation, cancel_mass_revocation):
            with pytest.raises(NotFound):
                database.transact(step, by=ours.admin.caller, mass_revocation_id=job.mass_revocation_id)
    assert mass.start(their_job, theirs.admin.caller).job.state is MassState.RUNNING


@pytest.mark.parametrize("asked", [{}, {"everyone": True, "device": "phone"}])
def test_no_criteria_never_mean_all(mass: MassRun, asked: dict[str, Any]):
    with pytest.raises(Invalid):
        mass.plan(**asked)


def test_a_job_that_matches_nothing_is_done_at_once(mass: MassRun):
    done = mass.run(mass.begin(device="no such device"))
    assert (done.state, done.ended, done.percent) == (MassState.DONE, 0, 100)


def test_the_pace_spreads_the_batches_over_time(database: Database, mass: MassRun, make: Builders):
    for _ in range(3):
        make.session()
    lease = mass.begin(everyone=True, pace=SMALL_PACE)

    first = database.transact(run_mass_batch, lease)
    second = database.transact(run_mass_batch, lease)

    assert first is not None
    assert second is not None
    assert (first.ended, second.ended) == (SMALL_PACE, 0)
    assert timedelta(0) < second.wait <= timedelta(seconds=1)
