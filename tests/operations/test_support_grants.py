"""Giving, extending and shortening support access: section 17 of BEHAVIOURS, as far as rows go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.rows import all_rows, one_row, run
from app.domain.errors import Conflict, Forbidden, Invalid, NotFound
from app.domain.ids import AccountId, GrantId
from app.domain.paging import PageRequest
from app.operations.list_support_grants import list_support_grants
from app.operations.revoke_support_grant import revoke_support_grant
from app.operations.save_support_grant import save_support_grant
from tests.builders import Builders, MadeOrganization, MadeSession
from tests.closure_rows import closures
from tests.operations.support import MAXIMUM, update


@pytest.mark.parametrize(
    ("offset", "rule"),
    [
        (timedelta(0), "not_in_the_future"),
        (-timedelta(days=1), "not_in_the_future"),
        (timedelta(days=31), "beyond_the_maximum"),
    ],
)
def test_a_grant_ends_in_the_future_and_not_too_late(
    make: Builders, db: Connection, organization: MadeOrganization, offset: timedelta, rule: str
) -> None:
    """B224."""
    with pytest.raises(Invalid) as refused:
        make.grant(organization, lifetime=offset)
    assert refused.value.rule == rule


def test_a_time_without_zone_is_refused(db: Connection, organization: MadeOrganization) -> None:
    """B224."""
    with pytest.raises(Invalid) as refused:
        save_support_grant(
            db,
            caller=organization.admin.caller,
            org=organization.slug,
            expires_at=datetime(2030, 1, 1),  # noqa: DTZ001
            reason="x",
            maximum=timedelta(days=9999),
        )
    assert refused.value.rule == "has_no_time_zone"


def test_a_grant_is_stored_in_utc_and_names_who_gave_it(
    make: Builders, organization: MadeOrganization
) -> None:
    """B224."""
    grant = make.grant(organization)
    assert grant.expires_at.utcoffset() == timedelta(0)
    assert (grant.granted_by, grant.is_usable, grant.use_count) == (organization.admin.account_id, True, 0)


@pytest.mark.parametrize("named", [AccountId(uuid7()), None])
def test_only_a_global_admin_can_be_named(
    make: Builders, db: Connection, organization: MadeOrganization, named: AccountId | None
) -> None:
    with pytest.raises(Invalid) as refused:
        save_support_grant(
            db,
            caller=organization.admin.caller,
            org=organization.slug,
            expires_at=make.now() + timedelta(hours=1),
            reason="x",
            admin_account_id=named or organization.admin.account_id,
            maximum=MAXIMUM,
        )
    assert refused.value.field == "admin_account_id"


def test_a_member_may_not_and_to_others_there_is_no_such_organization(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    grant = make.grant(organization)
    member, stranger = make.session(make.member(organization)), make.organization().admin
    for caller, refusal in ((member, Forbidden), (stranger, NotFound), (support_admin, NotFound)):
        as_caller = replace(organization, admin=caller)
        with pytest.raises(refusal):
            make.grant(as_caller)
        with pytest.raises(refusal):
            update(db, as_caller, grant.grant_id, make.now() + timedelta(hours=2))
        with pytest.raises(refusal):
            revoke_support_grant(db, caller=caller.caller, org=organization.slug, grant_id=grant.grant_id)


def test_a_grant_of_another_organization_is_unknown(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    """B236."""
    foreign = make.grant(make.organization())
    for grant_id in (foreign.grant_id, GrantId(uuid7())):
        with pytest.raises(NotFound):
            update(db, organization, grant_id, make.now() + timedelta(hours=2))
        with pytest.raises(NotFound):
            revoke_support_grant(
                db, caller=organization.admin.caller, org=organization.slug, grant_id=grant_id
            )
    assert all_rows(db, "SELECT FROM revocation") == []


def test_extending_and_shortening_have_the_sockets_read_again(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    """B231, B232."""
    grant = make.grant(organization)
    for hours in (5, 1):
        end = datetime.now(UTC) + timedelta(hours=hours)
        assert update(db, organization, grant.grant_id, end) == end
    assert [(each.action, each.kind, each.key) for each in closures(db)] == [
        ("recheck", "grant", str(grant.grant_id))
    ] * 2


def test_an_extended_grant_carries_its_sessions_past_the_old_end(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    grant = make.grant(organization, lifetime=timedelta(minutes=5))
    support = make.support_session(organization, support_admin)
    update(db, organization, grant.grant_id, make.now() + timedelta(days=1))
    row = one_row(
        db, "SELECT expires_at - issued_at AS own FROM session WHERE id = %(id)s", id=support.session_id
    )
    assert row == {"own": timedelta(hours=1)}


@pytest.mark.parametrize(
    "end", ["revoked_at = now()", "expires_at = now()", "expires_at = now(), expired_at = now()"]
)
def test_a_grant_that_is_over_is_not_extended_and_gives_way_to_a_new_one(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession, end: str
) -> None:
    """B235."""
    grant = make.grant(organization)
    run(db, f"UPDATE support_access_grant SET {end}")
    with pytest.raises(Conflict):
        update(db, organization, grant.grant_id, make.now() + timedelta(hours=2))
    db.commit()
    new = make.grant(organization)
    support = make.support_session(organization, support_admin)
    assert support.caller.grant is not None
    assert support.caller.grant.grant_id == new.grant_id


def test_a_global_admin_sees_the_grants_that_they_may_use(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    mine, other = (make.account("ga", is_global_admin=True) for _ in range(2))
    named, anybody = make.grant(organization, to=mine), make.grant(organization)
    make.grant(organization, to=other)
    page = list_support_grants(
        db, caller=make.session(mine).caller, org=organization.slug, page=PageRequest()
    )
    assert [grant.grant_id for grant in page.items] == [anybody.grant_id, named.grant_id]
    everything = list_support_grants(
        db, caller=organization.admin.caller, org=str(organization.org_id), page=PageRequest()
    )
    assert len(everything.items) == 3
