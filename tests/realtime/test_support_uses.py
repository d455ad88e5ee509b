"""Uses of support access on a real node: authorized each by itself, written in sums, exact when the node has stopped."""

import asyncio
import json

from app.domain.credentials import CredentialType
from app.domain.errors import Unavailable
from tests.realtime.conditions import eventually
from tests.realtime.nodes import a_node, ask, opened, quick, received

USES = 40


async def counted(hands) -> tuple[int | None, int | None, int]:
    """In the grant, in the support sessions, in the trail."""
    (row,) = await hands.sql(
        """
        SELECT (SELECT sum(use_count)::int FROM support_access_grant) AS of_grant,
               (SELECT sum(use_count)::int FROM support_use) AS of_sessions,
               (SELECT count(*)::int FROM audit_event WHERE type = 'org_message') AS in_trail
        """
    )
    return row["of_grant"], row["of_sessions"], row["in_trail"]


def let_in(make):
    """The organization, and two support sessions in it."""
    organization = make.organization()
    make.grant(organization)
    admin = make.session(make.account(is_global_admin=True))
    return organization, *(make.support_session(organization, admin) for _ in range(2))


async def test_each_message_is_in_the_trail_at_once_and_in_the_sums_within_about_a_second(
    settings, make, hands
):
    """B238."""
    organization, support, _ = let_in(make)
    async with a_node(quick(settings)) as node, opened(node, support.token) as socket:
        for number in range(5):
            assert (await ask(socket, type="org", id=number, org=organization.slug))["role"] == "support"
        assert (await counted(hands))[2] == 5
        await _until_counted(hands, (5, 5, 5))
        (row,) = await hands.sql("SELECT last_used_by, last_used_at, expires_at FROM support_access_grant")
        assert row["last_used_by"] == support.account_id
        assert row["last_used_at"] < row["expires_at"]


async def test_after_a_clean_stop_the_sums_are_exact_though_requests_were_under_way(settings, make, hands):
    organization, *supports = let_in(make)
    async with a_node(quick(settings)) as node:
        async with opened(node, supports[0].token) as one, opened(node, supports[1].token) as other:
            for number in range(USES):
                for socket in (one, other):
                    await socket.send(json.dumps({"type": "org", "id": number, "org": organization.slug}))
            await received(one)
    of_grant, of_sessions, in_trail = await counted(hands)
    assert 0 < in_trail <= 2 * USES
    assert of_grant == of_sessions == in_trail


async def test_what_could_not_be_written_is_written_later(settings, make, hands, monkeypatch):
    organization, support, _ = let_in(make)
    async with a_node(quick(settings)) as node, opened(node, support.token) as socket:
        bridge = node.node._bridge
        failures: list[object] = []
        run = bridge.run

        async def refuse(operation, *args, **more):
            if operation.__name__ == "record_support_uses" and len(failures) < 1:
                failures.append(operation)
                raise Unavailable("database")
            return await run(operation, *args, **more)

        monkeypatch.setattr(bridge, "run", refuse)
        await ask(socket, type="org", id=1, org=organization.slug)
        await eventually(lambda: bool(failures))
        await _until_counted(hands, (1, 1, 1))


async def test_a_writer_who_holds_the_grant_keeps_no_message_waiting(settings, make, hands):
    organization, support, _ = let_in(make)
    async with a_node(quick(settings)) as node, opened(node, support.token) as socket:
        with hands.connection() as holding:
            holding.execute("SELECT FROM support_access_grant FOR UPDATE")
            async with asyncio.timeout(1.5):
                answer = await ask(socket, type="org", id=1, org=organization.slug)
        assert answer["role"] == "support"


async def test_a_role_uses_no_support_access(settings, make, hands):
    organization = make.organization()
    async with a_node(quick(settings)) as node, opened(node, organization.admin.token) as socket:
        assert (await ask(socket, type="org", id=1, org=organization.slug))["role"] == "admin"
    assert (await counted(hands)) == (None, None, 0)
    assert organization.admin.caller.credential_type is CredentialType.SESSION


async def _until_counted(hands, expected: tuple[int, int, int]) -> None:
    async with asyncio.timeout(10):
        while await counted(hands) != expected:
            await asyncio.sleep(0.05)
