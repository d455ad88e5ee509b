"""Which credentials a mass revocation's criteria match: each criterion narrows, and bad text matches nothing."""

from datetime import timedelta
from typing import Any

import pytest

from app.data.engine import Database
from app.domain.errors import Invalid
from app.domain.mass_criteria import MassRole, MassWhat
from app.operations.end_all_own_sessions import end_all_own_sessions
from tests.builders import Builders, MadeSession
from tests.operations.mass import MassRun
from tests.operations.performing import Facts


def counted(mass: MassRun, **asked: Any) -> tuple[int, int]:
    planned = mass.plan(**asked).planned
    return planned.sessions, planned.tokens


@pytest.mark.parametrize(
    ("network", "matches"),
    [
        ("10.0.0.0/8", 1),
        ("10.1.2.3", 1),
        ("::ffff:10.0.0.0/104", 1),
        ("2001:db8::/32", 1),
        ("192.0.2.0/24", 1),
        ("0.0.0.0/0", 2),
        ("172.16.0.0/12", 0),
    ],
)
def test_an_address_range_matches_addresses_and_what_is_none_is_in_no_range(
    *, mass: MassRun, make: Builders, facts: Facts, network: str, matches: int
):
    for address in ("10.1.2.3", "2001:db8::7", "", "testclient", "10.1.2.300", "::::", "10.0.0.1; drop"):
        session = make.session()
        facts.run("UPDATE session SET ip_address = %(a)s WHERE id = %(id)s", a=address, id=session.session_id)
    make.session()

    assert counted(mass, network=network) == (matches, 0)


@pytest.mark.parametrize(
    ("device", "matches"), [("firefox", 2), ("LINUX", 2), ("iPhone", 1), ("100%", 0), ("_", 0)]
)
def test_a_device_is_a_part_of_its_name_or_user_agent_and_nothing_in_it_is_a_pattern(
    *, mass: MassRun, make: Builders, facts: Facts, device: str, matches: int
):
    phone = make.session()
    facts.run(
        "UPDATE session SET device = 'Safari on iPhone', user_agent = 'Mobile/15E148' WHERE id = %(id)s",
        id=phone.session_id,
    )
    for _ in range(2):
        make.session()

    if device == "_":
        with pytest.raises(Invalid):
            mass.plan(device=device)
    else:
        assert counted(mass, device=device) == (matches, 0)


def test_criteria_are_all_asked_for_at_once(mass: MassRun, make: Builders, facts: Facts):
    organization = make.organization()
    here, elsewhere = (make.session(make.member(organization)) for _ in range(2))
    stranger = make.session()
    for session in (here, stranger):
        facts.run("UPDATE session SET ip_address = '10.0.0.1' WHERE id = %(id)s", id=session.session_id)

    both = mass.plan(org=organization.slug, network="10.0.0.0/8")
    assert (both.planned.accounts, both.planned.sessions) == (1, 1)
    assert counted(mass, network="10.0.0.0/8") == (2, 0)
    assert elsewhere.session_id != here.session_id


def test_roles_are_those_in_the_organization_or_else_in_any(mass: MassRun, make: Builders):
    acme, _zeta = make.organization(), make.organization()
    make.session(make.member(acme))
    make.session(make.account(is_global_admin=True))

    assert counted(mass, role=MassRole.ADMIN) == (2, 0)
    assert counted(mass, role=MassRole.ADMIN, org=acme.slug) == (1, 0)
    assert counted(mass, role=MassRole.MEMBER) == (1, 0)
    assert counted(mass, role=MassRole.GLOBAL_ADMIN) == (1, 0)
    assert counted(mass, role=MassRole.GLOBAL_ADMIN, org=acme.slug) == (0, 0)
    assert counted(mass, org=str(acme.org_id)) == (2, 0)


def test_issued_before_is_the_instant_of_the_sign_in(mass: MassRun, make: Builders):
    make.session()
    between = make.now()
    make.api_token(make.session())

    assert counted(mass, what=MassWhat.BOTH, issued_before=between) == (1, 0)
    later = make.now() + timedelta(minutes=1)
    assert counted(mass, what=MassWhat.BOTH, issued_before=later) == (2, 1)
    assert counted(mass, what=MassWhat.TOKENS, issued_before=later) == (0, 1)


def test_a_support_session_belongs_to_the_organization_it_was_opened_for(mass: MassRun, make: Builders):
    organization = make.organization()
    root = make.session(make.account(is_global_admin=True))
    make.grant(organization)
    support = make.support_session(organization, root)

    lease = mass.begin(org=organization.slug)
    done = mass.run(lease)

    assert done.ended == 2, "the admin's and the support session"
    assert counted(mass, everyone=True) == (1, 0), "the Global Admin's own stays"
    assert support.account_id == root.account_id


def test_api_tokens_by_address_or_device_are_refused_since_they_would_silently_stay(mass: MassRun):
    for what in (MassWhat.TOKENS, MassWhat.BOTH):
        with pytest.raises(Invalid):
            mass.plan(what=what, network="10.0.0.0/8")
        with pytest.raises(Invalid):
            mass.plan(what=what, device="phone")


def test_what_is_dead_already_is_not_counted_and_what_can_be_refreshed_is(
    database: Database, mass: MassRun, make: Builders, facts: Facts
):
    stamped = make.session()
    database.transact(end_all_own_sessions, caller=stamped.caller, except_current=False)
    gone, refreshable, live = (make.session() for _ in range(3))
    _end(facts, gone, "absolute_expires_at = clock_timestamp(), expires_at = clock_timestamp()")
    _end(facts, refreshable, "expires_at = clock_timestamp()")
    expired = make.api_token(live)
    facts.run(
        "UPDATE api_token SET expires_at = clock_timestamp() WHERE id = %(id)s", id=expired.api_token_id
    )

    assert counted(mass, what=MassWhat.BOTH, everyone=True) == (2, 0)


def test_the_plan_counts_the_sockets_that_the_nodes_have_reported(
    mass: MassRun, make: Builders, facts: Facts
):
    session, bystander = make.session(), make.session()
    organization = make.organization()
    for name in ("one", "two"):
        facts.run(_NODE, name=name)
    for sockets, one in ((2, session), (5, bystander)):
        facts.run(_SOCKETS, session_id=one.session_id, account_id=one.account_id, sockets=sockets)
    facts.run("UPDATE session SET ip_address = '10.0.0.1' WHERE id = %(id)s", id=session.session_id)

    planned = mass.plan(network="10.0.0.1").planned

    assert (planned.sockets, planned.nodes) == (4, 2)
    assert mass.plan(org=organization.slug).planned.sockets == 0


def _end(facts: Facts, session: MadeSession, change: str) -> None:
    facts.run(f"UPDATE session SET {change} WHERE id = %(id)s", id=session.session_id)


_NODE = """
INSERT INTO node (id, name, policy, lease) VALUES (gen_random_uuid(), %(name)s, 'hold', interval '1 hour')
"""
_SOCKETS = """
INSERT INTO open_socket (node_id, credential_type, credential_id, account_id, sockets, round)
SELECT id, 'session', %(session_id)s, %(account_id)s, %(sockets)s, 1 FROM node
"""
