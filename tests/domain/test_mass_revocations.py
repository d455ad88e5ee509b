"""The steps of a mass revocation, when it has grown, and how it is put in words."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Conflict, Invalid
from app.domain.ids import MassRevocationId, OrgId
from app.domain.mass_criteria import MassCriteria, MassRole, MassWhat
from app.domain.mass_revocations import (
    MAXIMUM_PACE,
    MassCount,
    MassRevocation,
    MassState,
    MassStep,
    check_pace,
    has_grown,
    step_from,
)
from app.domain.mass_wording import aim_in_words, count_in_words, number_of

SOME_ID = UUID("0192f0c4-0000-7000-8000-000000000001")
AN_INSTANT = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


def a_job(**changed: object) -> MassRevocation:
    fields: dict[str, object] = dict.fromkeys(MassRevocation.__dataclass_fields__)
    usual = {
        "mass_revocation_id": MassRevocationId(SOME_ID),
        "criteria": MassCriteria(everyone=True),
        "what": MassWhat.SESSIONS,
        "state": MassState.RUNNING,
        "planned": MassCount(accounts=1, sessions=1, tokens=0),
        "expected": 10,
        "sessions_ended": 0,
        "tokens_ended": 0,
    }
    return MassRevocation(**{**fields, **usual, **changed})  # type: ignore[arg-type]


STEPS = {
    (MassState.PLANNED, MassStep.START): MassState.RUNNING,
    (MassState.RUNNING, MassStep.START): None,
    (MassState.PAUSED, MassStep.START): None,
    (MassState.DONE, MassStep.START): None,
    (MassState.RUNNING, MassStep.PAUSE): MassState.PAUSED,
    (MassState.PAUSED, MassStep.PAUSE): None,
    (MassState.PAUSED, MassStep.RESUME): MassState.RUNNING,
    (MassState.RUNNING, MassStep.RESUME): None,
    (MassState.PLANNED, MassStep.CANCEL): MassState.CANCELLED,
    (MassState.RUNNING, MassStep.CANCEL): MassState.CANCELLED,
    (MassState.PAUSED, MassStep.CANCEL): MassState.CANCELLED,
    (MassState.CANCELLED, MassStep.CANCEL): None,
}


@pytest.mark.parametrize("state", MassState)
@pytest.mark.parametrize("step", MassStep)
def test_each_step_leads_on_or_is_taken_already_or_makes_no_sense(state: MassState, step: MassStep):
    if (state, step) in STEPS:
        assert step_from(state, step) is STEPS[state, step]
    else:
        with pytest.raises(Conflict) as refused:
            step_from(state, step)
        assert refused.value.rule == f"mass_revocation_is_{state}"


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_tenth_more_passes_and_anything_beyond_has_to_be_accepted(told: int, now: int):
    assert has_grown(told=told, now=now) == (now > told + told / 10)


def test_a_plan_of_nothing_has_grown_by_one():
    assert has_grown(told=0, now=1)
    assert not has_grown(told=0, now=0)


@pytest.mark.parametrize("pace", [0, -1, MAXIMUM_PACE + 1])
def test_a_pace_has_bounds(pace: int):
    with pytest.raises(Invalid):
        check_pace(pace)
    check_pace(1)
    check_pace(MAXIMUM_PACE)


def test_only_what_is_done_is_a_hundred_percent():
    running = a_job(sessions_ended=12)
    assert (running.ended, running.percent) == (12, 99)
    assert a_job(sessions_ended=3, tokens_ended=2).percent == 50
    assert a_job(expected=0).percent == 0
    done = replace(running, state=MassState.DONE, sessions_ended=0)
    assert (done.percent, done.is_over, running.is_over) == (100, True, False)


def test_what_it_aims_at_is_said_whole():
    assert aim_in_words(a_job()) == "the sessions of everyone"
    narrow = MassCriteria(
        org_id=OrgId(SOME_ID),
        role=MassRole.ADMIN,
        issued_before=AN_INSTANT,
        network="10.0.0.0/8",
        device="iPhone",
    )
    assert aim_in_words(a_job(criteria=narrow, org_slug="acme")) == (
        "the sessions of admins of acme, issued before 2026-11-21 20:00 UTC, from 10.0.0.0/8, "
        "on a device called “iPhone”"
    )
    of_org = a_job(criteria=MassCriteria(org_id=OrgId(SOME_ID)), what=MassWhat.BOTH)
    assert aim_in_words(of_org) == f"the sessions and API tokens of everyone of {SOME_ID}"
    assert aim_in_words(a_job(criteria=MassCriteria(device="TV"))) == "the sessions, on a device called “TV”"


def test_counts_are_said_with_their_nouns():
    one = MassCount(accounts=1, sessions=1, tokens=0)
    assert count_in_words(one) == "1 session and 0 API tokens of 1 account, no socket now"
    many = MassCount(accounts=2, sessions=1200, tokens=1, sockets=3, nodes=2)
    assert count_in_words(many) == "1,200 sessions and 1 API token of 2 accounts, 3 sockets on 2 nodes"
    assert number_of(2, "node") == "2 nodes"
