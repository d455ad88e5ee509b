"""What somebody does with `psql` that ends nothing, and so closes nothing (B18 to B20, B100 to B103)."""

from tests.realtime.nodes import echoes, opened
from tests.realtime.people import applied


async def test_events_that_failed_or_name_nothing_close_nothing(either_node, people, hands):
    """B18, B19, B20, B100."""
    async with opened(either_node, people.session.token) as socket:
        for kind in ("session_revoke", "account_delete", "__class__", "logout"):
            for outcome in ("success", "failure"):
                await hands.sql(
                    "INSERT INTO audit_event (type, outcome, session_id, account_id)"
                    " VALUES (%(kind)s, %(outcome)s, 'no uuid', '')",
                    kind=kind,
                    outcome=outcome,
                )
        await hands.sql("UPDATE audit_event SET type = 'session_revoke'")
        await hands.sql("DELETE FROM audit_event")
        await applied(either_node)
        assert await echoes(socket)


async def test_an_event_about_an_account_leaves_whoever_signed_in_before_it_alone(either_node, people, hands):
    """B259, B258: the credentials are read again, and only the dead one closes."""
    async with (
        opened(either_node, people.session.token) as alive,
        opened(either_node, people.token.token) as token,
    ):
        await hands.sql(
            "INSERT INTO audit_event (type, outcome, account_id) VALUES ('session_revoke_all', 'success', %(id)s)",
            id=str(people.account.account_id),
        )
        await applied(either_node)
        assert await echoes(alive)
        assert await echoes(token)
        closed = await hands.sql("SELECT 1 FROM closure WHERE action = 'close'")
        assert closed == []


async def test_what_is_rolled_back_never_closes_anything(either_node, people, hands):
    """B101."""
    async with opened(either_node, people.session.token) as socket:
        with hands.connection() as undone:
            undone.execute("DELETE FROM session")
            undone.execute("UPDATE account SET suspended_at = now()")
            await applied(either_node)
            undone.rollback()
        await applied(either_node)
        assert await echoes(socket)


async def test_a_touch_that_decides_nothing_and_an_insert_of_the_ended_close_nothing(
    either_node, people, hands
):
    """B102, B103."""
    async with opened(either_node, people.session.token) as socket:
        await hands.sql("UPDATE session SET last_active_at = now(), device = 'x'")
        await hands.sql(
            "INSERT INTO session (id, account_id, token_hash, issued_at, expires_at, absolute_expires_at, terminated_at)"
            " VALUES (gen_random_uuid(), %(id)s, repeat('1', 64), now(), now(), now(), now())",
            id=people.account.account_id,
        )
        await applied(either_node)
        assert await hands.sql("SELECT 1 FROM closure") == []
        assert await echoes(socket)
