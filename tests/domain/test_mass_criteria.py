"""Criteria of a mass revocation: nothing said is nothing asked for, and what is kept is what was said."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.ids import OrgId
from app.domain.mass_criteria import MassCriteria, MassRole, MassWhat, check_what

ORG = OrgId(UUID("0192f0c4-0000-7000-8000-000000000001"))


def test_nothing_said_is_refused_and_everyone_stands_alone():
    with pytest.raises(Invalid) as empty:
        MassCriteria()
    assert empty.value.rule == "empty"
    with pytest.raises(Invalid) as both:
        MassCriteria(everyone=True, role=MassRole.MEMBER)
    assert both.value.rule == "everyone_stands_alone"
    assert MassCriteria(everyone=True).as_json() == {"everyone": True}


narrowing = st.fixed_dictionaries(
    {},
    optional={
        "org_id": st.uuids().map(OrgId),
        "role": st.sampled_from(MassRole),
        "issued_before": st.datetimes(timezones=st.just(UTC)),
        "network": st.one_of(st.ip_addresses().map(str), st.just("10.0.0.0/8"), st.just("2001:db8::/32")),
        "device": st.text(min_size=2, max_size=100).filter(lambda text: len(text.strip()) >= 2),
    },
).filter(bool)


@given(narrowing)
def test_criteria_come_back_as_they_were_kept(said: dict[str, Any]):
    criteria = MassCriteria(**said)
    assert MassCriteria.from_json(criteria.as_json()) == criteria


def test_a_criterion_of_a_newer_version_is_not_left_aside_since_it_was_meant_to_narrow():
    with pytest.raises(TypeError):
        MassCriteria.from_json({"org_id": str(ORG), "region": "eu"})


@pytest.mark.parametrize("network", ["", "10.0.0.1/8", "10.0.0.0/33", "example.com", "10.0.0.0/8 ; x", "all"])
def test_what_is_no_address_and_no_range_is_refused(network: str):
    with pytest.raises(Invalid):
        MassCriteria(network=network)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" 10.0.0.0/8 ", "10.0.0.0/8"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::/0", "::/0"),
    ],
)
def test_a_range_is_kept_in_the_form_in_which_addresses_are_stored(written: str, kept: str):
    assert MassCriteria(network=written).network == kept


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(Invalid):
        MassCriteria(issued_before=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
    assert MassCriteria(issued_before=datetime(2026, 1, 1, tzinfo=UTC)).issued_before is not None


def test_api_tokens_have_no_address_and_no_device():
    for criteria in (MassCriteria(device="phone"), MassCriteria(org_id=ORG, network="10.0.0.0/8")):
        check_what(MassWhat.SESSIONS, criteria)
        for what in (MassWhat.TOKENS, MassWhat.BOTH):
            with pytest.raises(Invalid):
                check_what(what, criteria)
    check_what(MassWhat.BOTH, MassCriteria(org_id=ORG))
