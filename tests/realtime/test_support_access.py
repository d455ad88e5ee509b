"""Section 17 of BEHAVIOURS where it concerns sockets: support access on real ones, by the handlers' own operations."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.domain.paging import PageRequest
from app.operations.expire_support_grants import expire_support_grants
from app.operations.list_audit_events import list_audit_events
from app.operations.revoke_support_grant import revoke_support_grant
from app.operations.suspend_account import suspend_account
from app.operations.update_support_grant import update_support_grant
from tests.realtime.conditions import eventually
from tests.realtime.nodes import (
    RunningNode,
    a_node,
    ask,
    by_the_log_alone,
    echoes,
    entries_of,
    opened,
    quick,
    refused,
    seen_close,
)

SOON = timedelta(seconds=1.5)
MAXIMUM = timedelta(days=30)
ENDED = (4001, "support_access_ended", "after_sign_in")
REVOKED = (4001, "support_access_revoked", "after_sign_in")


@pytest.fixture
async def node(settings):
    async with a_node(quick(settings)) as node:
        yield node


@pytest.fixture
def organization(make):
    return make.organization()


@pytest.fixture
def admin(make):
    return make.session(make.account("ga", is_global_admin=True))


async def move(database, organization, grant, expires_at) -> None:
    await asyncio.to_thread(
        database.transact,
        update_support_grant,
        caller=organization.admin.caller,
        org=organization.slug,
        grant_id=grant.grant_id,
        expires_at=expires_at,
        maximum=MAXIMUM,
    )


async def revoke(hands, organization, grant) -> Any:
    return await hands.revoke(
        revoke_support_grant,
        caller=organization.admin.caller,
        org=organization.slug,
        grant_id=grant.grant_id,
    )


async def rearmed(node: RunningNode, *, beyond: float) -> None:
    """The node has read the grant's new end."""
    (entry,) = entries_of(node)
    await eventually(lambda: entry.deadline > beyond and not entry.owed)


async def test_the_named_admins_socket_opens_and_whoami_says_where_it_is(node, make, organization):
    """B225."""
    named = make.account("ga", is_global_admin=True)
    grant = make.grant(organization, to=named)
    support = make.support_session(organization, make.session(named))
    async with opened(node, support.token) as socket:
        assert (await ask(socket, type="whoami", id=1))["support"] == {
            "grant_id": str(grant.grant_id),
            "org_id": str(organization.org_id),
            "read_only": False,
        }
        assert (await ask(socket, type="org", id=2, org=organization.slug))["role"] == "support"


async def test_under_a_grant_to_read_whatever_writes_is_refused_and_leaves_the_socket_open(
    node, make, organization, admin, hands
):
    """B225: it reads, it does not write, and what was refused is no use."""
    make.grant(organization, read_only=True)
    support = make.support_session(organization, admin)
    async with opened(node, support.token) as socket:
        request = {"type": "org", "id": 1, "org": organization.slug}
        assert (await ask(socket, **request, action="write"))["problem"] == "forbidden"
        assert (await ask(socket, **request, action="read"))["read_only"]
        assert await echoes(socket)
    (row,) = await hands.sql("SELECT count(*) AS n FROM audit_event WHERE type = 'org_message'")
    assert row["n"] == 1


async def test_past_its_end_no_message_is_authorized_whatever_a_status_says(
    settings, make, organization, admin, hands
):
    """B226: the triggers are off, so no node hears of it; each message asks all the same."""
    make.grant(organization)
    support = make.support_session(organization, admin)
    async with a_node(by_the_log_alone(settings)) as node, opened(node, support.token) as socket:
        with hands.connection() as connection:
            connection.execute("ALTER TABLE support_access_grant DISABLE TRIGGER ALL")
            connection.execute("UPDATE support_access_grant SET expires_at = clock_timestamp()")
            connection.commit()
            request = {"type": "org", "id": 1, "org": organization.slug}
            assert (await ask(socket, **request))["problem"] == "not_found"


async def test_at_the_end_of_the_grant_its_sockets_close_with_nobody_else_running(
    settings, make, organization, admin
):
    """B227, B228: no Redis, no worker, no beat."""
    elsewhere = make.organization()
    make.grant(organization, lifetime=SOON)
    make.grant(elsewhere)
    under, other = make.support_session(organization, admin), make.support_session(elsewhere, admin)
    async with a_node(by_the_log_alone(settings)) as node, opened(node, under.token) as socket:
        async with opened(node, admin.token) as mine, opened(node, other.token) as theirs:
            assert (await seen_close(socket)).told == ENDED
            assert await echoes(mine)
            assert await echoes(theirs)
        assert (await refused(node, under.token)).body["reason"] == "support_access_ended"


async def test_when_it_is_revoked_its_sockets_close_at_once_and_the_event_says_by_whom(
    node, make, organization, admin, hands, database
):
    """B229, B230."""
    grant = make.grant(organization)
    support = make.support_session(organization, admin)
    async with opened(node, support.token) as socket, opened(node, admin.token) as own:
        revocation_id = await revoke(hands, organization, grant)
        assert (await seen_close(socket, within_s=2)).told == REVOKED
        assert await echoes(own)
    trail = await asyncio.to_thread(
        database.transact,
        list_audit_events,
        caller=organization.admin.caller,
        org=organization.slug,
        page=PageRequest(),
    )
    (event,) = [each for each in trail.items if each.type == "support_grant_end"]
    assert (event.actor_id, event.revocation_id) == (str(organization.admin.account_id), revocation_id)
    await hands.sql("UPDATE support_access_grant SET expires_at = now()")
    assert await asyncio.to_thread(database.transact, expire_support_grants) == 0
    (row,) = await hands.sql(
        """
        SELECT (SELECT count(*) FROM closure WHERE action = 'close') AS closes,
               (SELECT count(*) FROM audit_event WHERE type = 'support_grant_end') AS events,
               (SELECT count(*) FROM notice WHERE type = 'support_access.ended') AS notices
        """
    )
    assert tuple(row.values()) == (1, 1, 1)


async def test_an_extended_grant_carries_its_sockets_past_the_old_end(
    node, make, organization, admin, database
):
    """B231: the sweep that comes for the old end does nothing."""
    grant = make.grant(organization, lifetime=SOON)
    support = make.support_session(organization, admin)
    async with opened(node, support.token) as socket:
        (entry,) = entries_of(node)
        before = entry.deadline
        await move(database, organization, grant, make.now() + timedelta(hours=1))
        await rearmed(node, beyond=before + 60)
        await eventually(lambda: make.now() > grant.expires_at + timedelta(seconds=0.3))
        assert await asyncio.to_thread(database.transact, expire_support_grants) == 0
        assert await echoes(socket)
        assert (await ask(socket, type="org", id=1, org=organization.slug))["role"] == "support"


async def test_a_shortened_grant_closes_its_sockets_at_the_new_end_and_not_before(
    node, make, organization, admin, database
):
    """B232."""
    grant = make.grant(organization)
    support = make.support_session(organization, admin)
    async with opened(node, support.token) as socket:
        end = make.now() + SOON
        await move(database, organization, grant, end)
        assert await echoes(socket)
        assert (await seen_close(socket)).told == ENDED
        assert timedelta(0) <= make.now() - end < timedelta(seconds=1.5)


async def test_shortened_into_the_past_by_sql_it_closes_at_once(node, make, organization, admin, hands):
    """B232."""
    make.grant(organization)
    support = make.support_session(organization, admin)
    async with opened(node, support.token) as socket:
        await hands.sql("UPDATE support_access_grant SET expires_at = now() - interval '1 hour'")
        assert (await seen_close(socket, within_s=2)).told == ENDED


async def test_a_new_grant_opens_the_door_again(node, make, organization, admin, hands):
    """B235."""
    await revoke(hands, organization, make.grant(organization))
    make.grant(organization)
    support = make.support_session(organization, admin)
    async with opened(node, support.token) as socket:
        assert await echoes(socket)


async def test_when_the_admins_account_ends_its_support_sockets_close_with_the_rest(
    node, make, organization, admin, hands
):
    """B239: the grant stays on record, and admits them no more."""
    grant = make.grant(organization)
    support = make.support_session(organization, admin)
    root = make.session(make.account("root", is_global_admin=True))
    async with opened(node, support.token) as socket, opened(node, admin.token) as own:
        await hands.revoke(suspend_account, caller=root.caller, account_id=admin.account_id)
        for each in (socket, own):
            assert (await seen_close(each, within_s=2)).told[:2] == (4001, "account_suspended")
    (row,) = await hands.sql("SELECT id, revoked_at FROM support_access_grant")
    assert tuple(row.values()) == (grant.grant_id, None)
    assert (await refused(node, support.token)).status == 401


async def test_when_the_grantors_account_ends_the_sockets_under_the_grant_go_on(
    node, make, organization, admin, hands
):
    """B239."""
    make.grant(organization)
    support = make.support_session(organization, admin)
    async with opened(node, support.token) as socket:
        await hands.sql("DELETE FROM account WHERE id = %(id)s", id=organization.admin.account_id)
        assert await echoes(socket)
        assert (await ask(socket, type="org", id=1, org=organization.slug))["role"] == "support"


async def test_when_the_support_session_alone_ends_its_sockets_close_and_the_grant_stays_usable(
    node, make, organization, admin, hands
):
    """B240."""
    make.grant(organization)
    ended, other = (make.support_session(organization, admin) for _ in range(2))
    async with opened(node, ended.token) as socket, opened(node, other.token) as second:
        await hands.sql("UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=ended.session_id)
        assert (await seen_close(socket, within_s=2)).told == (4001, "session_revoked", "after_sign_in")
        assert await echoes(second)
    again = make.support_session(organization, admin)
    async with opened(node, again.token) as socket:
        assert await echoes(socket)
