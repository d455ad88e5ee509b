"""Somebody with `psql` (B88 to B107): with Redis up and with Redis absent, within one tail interval, and nobody is told."""

from datetime import timedelta

import psycopg
import pytest

from tests.realtime.conditions import eventually
from tests.realtime.nodes import (
    echoes,
    entries_of,
    opened,
    refused,
    seen_close,
)
from tests.realtime.people import applied

SOON_S = 3.0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE session SET terminated_at = now() WHERE id = %(id)s",
        "DELETE FROM session WHERE id = %(id)s",
        "UPDATE session SET token_hash = repeat('0', 64) WHERE id = %(id)s",
    ],
)
async def test_one_session_ends_and_no_other(either_node, people, hands, statement):
    """B88, B89, B97."""
    async with (
        opened(either_node, people.session.token) as socket,
        opened(either_node, people.sibling.token) as sibling,
    ):
        async with (
            opened(either_node, people.token.token) as token,
            opened(either_node, people.bystander.token) as other,
        ):
            await hands.sql(statement, id=people.session.session_id)
            assert (await seen_close(socket, within_s=SOON_S)).told == (
                4001,
                "session_revoked",
                "after_sign_in",
            )
            for rest in (sibling, token, other):
                assert await echoes(rest)
    assert (await refused(either_node, people.session.token)).status == 401


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE api_token SET revoked_at = now() WHERE id = %(id)s",
        "DELETE FROM api_token WHERE id = %(id)s",
        "UPDATE api_token SET token_hash = repeat('0', 64) WHERE id = %(id)s",
    ],
)
async def test_one_token_ends_and_nothing_else(either_node, people, hands, statement):
    """B91, B97."""
    async with (
        opened(either_node, people.token.token) as token,
        opened(either_node, people.session.token) as session,
    ):
        await hands.sql(statement, id=people.token.api_token_id)
        assert (await seen_close(token, within_s=SOON_S)).told == (4001, "token_revoked", "never")
        assert await echoes(session)


async def test_a_thousand_sessions_end_in_one_statement_and_tokens_stay(either_node, people, make, hands):
    """B90."""
    make.many_sessions(people.account, 1_000)
    async with (
        opened(either_node, people.session.token) as one,
        opened(either_node, people.sibling.token) as two,
    ):
        async with (
            opened(either_node, people.token.token) as token,
            opened(either_node, people.bystander.token) as other,
        ):
            await hands.sql(
                "UPDATE session SET terminated_at = now() WHERE account_id = %(id)s",
                id=people.account.account_id,
            )
            for socket in (one, two):
                assert (await seen_close(socket, within_s=SOON_S)).code == 4001
            assert await echoes(token)
            assert await echoes(other)


@pytest.mark.parametrize(
    "statement", ["UPDATE refresh_token SET invalidated_at = now()", "DELETE FROM refresh_token"]
)
async def test_refresh_tokens_end_no_socket(either_node, people, hands, statement):
    """B92."""
    async with opened(either_node, people.session.token) as socket:
        await hands.sql(statement)
        await applied(either_node)
        assert await echoes(socket)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE account SET suspended_at = now() WHERE id = %(id)s", "account_suspended"),
        ("UPDATE account SET deleted_at = now() WHERE id = %(id)s", "account_deleted"),
        ("DELETE FROM account WHERE id = %(id)s", "account_deleted"),
    ],
)
async def test_an_account_ends_with_everything_it_has(either_node, people, hands, statement, reason):
    """B93, B94."""
    async with (
        opened(either_node, people.session.token) as session,
        opened(either_node, people.token.token) as token,
    ):
        async with opened(either_node, people.bystander.token) as other:
            await hands.sql(statement, id=people.account.account_id)
            assert (await seen_close(session, within_s=SOON_S)).told == (4001, reason, "after_sign_in")
            assert (await seen_close(token, within_s=SOON_S)).told == (4001, reason, "never")
            assert await echoes(other)
    assert (await refused(either_node, people.session.token)).status == 401
    assert (await refused(either_node, people.token.token)).status == 401


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE support_access_grant SET revoked_at = now() WHERE id = %(id)s", "support_access_revoked"),
        ("UPDATE support_access_grant SET expires_at = now() WHERE id = %(id)s", "support_access_ended"),
        ("DELETE FROM support_access_grant WHERE id = %(id)s", "support_access_revoked"),
    ],
)
async def test_a_grant_ends_and_its_admins_other_sockets_stay(either_node, make, hands, statement, reason):
    """B95, B227, B228."""
    admin = make.session(make.account(is_global_admin=True))
    first, second = make.organization(), make.organization()
    grant, _ = make.grant(first), make.grant(second)
    under, elsewhere = make.support_session(first, admin), make.support_session(second, admin)
    async with opened(either_node, under.token) as socket, opened(either_node, elsewhere.token) as other:
        async with opened(either_node, admin.token) as own:
            await hands.sql(statement, id=grant.grant_id)
            assert (await seen_close(socket, within_s=SOON_S)).told == (4001, reason, "after_sign_in")
            assert await echoes(other)
            assert await echoes(own)


MOVED = {
    "session": ("UPDATE session SET expires_at = now() + %(by)s WHERE id = %(id)s", "session_expired"),
    "token": ("UPDATE api_token SET expires_at = now() + %(by)s WHERE id = %(id)s", "token_expired"),
    "grant": (
        "UPDATE support_access_grant SET expires_at = now() + %(by)s WHERE id = %(id)s",
        "support_access_ended",
    ),
}


@pytest.mark.parametrize("kind", MOVED)
async def test_an_end_that_is_moved_earlier_closes_then_and_not_before(
    either_node, people, make, hands, kind
):
    """B96."""
    statement, reason = MOVED[kind]
    organization = make.organization()
    grant = make.grant(organization)
    support = make.support_session(organization, make.session(make.account(is_global_admin=True)))
    token, key = {
        "session": (people.session.token, people.session.session_id),
        "token": (people.token.token, people.token.api_token_id),
        "grant": (support.token, grant.grant_id),
    }[kind]
    async with opened(either_node, token) as socket:
        (entry,) = entries_of(either_node)
        await hands.sql(statement, id=key, by=timedelta(seconds=1.2))
        await eventually(lambda: entry.deadline < float("inf") and not entry.owed)
        await applied(either_node)
        assert await echoes(socket)
        code, told, _ = (await seen_close(socket, within_s=SOON_S)).told
        assert (code, told) == (4001 if kind == "grant" else 4002, reason)


async def test_an_audit_event_alone_closes_what_has_ended_and_leaves_what_is_alive(
    either_node, people, hands
):
    """B98, B99, B258: nothing else tells of the end."""
    async with (
        opened(either_node, people.session.token) as socket,
        opened(either_node, people.sibling.token) as alive,
    ):
        await hands.sql("ALTER TABLE session DISABLE TRIGGER ALL")
        await hands.sql(
            "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=people.session.session_id
        )
        await hands.sql("ALTER TABLE session ENABLE ALWAYS TRIGGER session_updated")
        for session in (people.session, people.sibling):
            await hands.sql(
                "INSERT INTO audit_event (type, outcome, session_id) VALUES ('session_revoke', 'success', %(id)s)",
                id=str(session.session_id),
            )
        assert (await seen_close(socket, within_s=SOON_S)).told == (
            4001,
            "session_revoked",
            "after_sign_in",
        )
        await applied(either_node)
        assert await echoes(alive)


async def test_a_truncated_table_closes_all_that_stood_on_it_and_only_that(either_node, people, make, hands):
    """B104."""
    async with (
        opened(either_node, people.session.token) as socket,
        opened(either_node, people.token.token) as token,
    ):
        await hands.sql("TRUNCATE session CASCADE")
        assert (await seen_close(socket, within_s=SOON_S)).told == (
            4001,
            "session_revoked",
            "after_sign_in",
        )
        assert await echoes(token)


async def test_a_replica_role_does_not_hide_an_end(either_node, people, hands):
    """B105."""
    async with opened(either_node, people.session.token) as socket:
        with hands.connection() as replica:
            replica.execute("SET session_replication_role = replica")
            replica.execute("DELETE FROM session WHERE id = %s", [people.session.session_id])
        assert (await seen_close(socket, within_s=SOON_S)).code == 4001


async def test_a_prepared_end_closes_when_it_is_committed_and_not_before(either_node, people, settings):
    """B106."""
    async with (
        opened(either_node, people.session.token) as socket,
        opened(either_node, people.bystander.token) as other,
    ):
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            connection.execute("BEGIN")
            connection.execute("DELETE FROM session WHERE id = %s", [people.session.session_id])
            connection.execute("PREPARE TRANSACTION 'an end'")
            await applied(either_node)
            assert await echoes(socket)
            connection.execute("COMMIT PREPARED 'an end'")
        assert (await seen_close(socket, within_s=SOON_S)).code == 4001
        assert await echoes(other)


async def test_a_role_without_rights_on_the_log_ends_a_session_all_the_same(either_node, people, settings):
    """B107."""
    async with opened(either_node, people.session.token) as socket:
        with psycopg.connect(settings.database_url) as connection:
            connection.execute("CREATE ROLE clerk_of_b107")
            connection.execute("GRANT SELECT, UPDATE ON session TO clerk_of_b107")
            connection.execute("SET ROLE clerk_of_b107")
            connection.execute(
                "UPDATE session SET terminated_at = now() WHERE id = %s", [people.session.session_id]
            )
            connection.commit()
            connection.execute("RESET ROLE")
            connection.execute("DROP OWNED BY clerk_of_b107")
            connection.execute("DROP ROLE clerk_of_b107")
        assert (await seen_close(socket, within_s=SOON_S)).code == 4001
