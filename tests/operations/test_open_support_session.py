"""Who may use a grant."""

import threading
from dataclasses import replace

import pytest
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.session_repository import SessionRepository
from app.domain.errors import Forbidden, NotFound
from tests.builders import Builders, MadeOrganization, MadeSession
from tests.lock_waits import wait_until_somebody_waits_for_a_lock


def test_the_named_admin_may_and_another_may_not_unless_nobody_is_named(
    make: Builders, organization: MadeOrganization
) -> None:
    """B225."""
    named_account, other_account = (make.account("ga", is_global_admin=True) for _ in range(2))
    named, other = make.session(named_account), make.session(other_account)
    make.grant(organization, to=named_account)
    make.support_session(organization, named)
    with pytest.raises(NotFound):
        make.support_session(organization, other)
    make.grant(organization)
    make.support_session(organization, other)


def test_who_is_no_global_admin_opens_nothing(make: Builders, organization: MadeOrganization) -> None:
    make.grant(organization)
    with pytest.raises(Forbidden):
        make.support_session(organization, organization.admin)


def test_a_support_session_or_token_opens_no_support_session(
    make: Builders, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    token = make.api_token(support_admin)
    for caller in (support.caller, token.caller):
        with pytest.raises(Forbidden):
            make.support_session(organization, replace(support_admin, caller=caller))


def test_without_a_usable_grant_every_organization_is_unknown(
    make: Builders, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    for slug in (organization.slug, "no-such", str(uuid7())):
        with pytest.raises(NotFound) as refused:
            make.support_session(replace(organization, slug=slug), support_admin)
        assert refused.value.what == "support_grant"


def test_an_opening_that_waits_for_the_end_of_its_grant_is_refused(
    make: Builders, database: Database, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    """B237."""
    grant = make.grant(organization)
    refusals: list[str] = []

    def open_one() -> None:
        try:
            make.support_session(organization, support_admin)
        except NotFound as refused:
            refusals.append(refused.what)

    with database.session() as ending:
        SessionRepository(ending).revoke_support_access_grant(grant.grant_id, by=None)
        waiter = threading.Thread(target=open_one)
        waiter.start()
        wait_until_somebody_waits_for_a_lock(database)
    waiter.join(10)
    assert refusals == ["support_grant"]
