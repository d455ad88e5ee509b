"""The fleet's page, without a browser: who sees it, and what it shows."""

from datetime import timedelta

from uuid_utils.compat import uuid7

from app.data.rows import run
from app.domain.ids import NodeId
from app.operations.report_node import report_node
from tests.http.test_routes_nodes import report
from tests.http.world import World

CLOSED = """
WITH made AS (
    INSERT INTO revocation (id, kind, source, reason, requested_at, performed_at)
    VALUES (gen_random_uuid(), 'session_revoke', 'request', 'session_revoked',
            clock_timestamp() - %(ago)s::interval, clock_timestamp()) RETURNING id)
INSERT INTO receipt_node (revocation_id, node_id, node_name, clean, slowest)
SELECT id, gen_random_uuid(), 'n' || n, 2, n * interval '20 ms' FROM made, generate_series(1, 2) AS n
"""
WAITING = """
INSERT INTO revocation (id, kind, source, reason, performed_at, unconfirmed)
VALUES (gen_random_uuid(), 'session_revoke', 'request', 'session_revoked', clock_timestamp(),
        jsonb_build_array(jsonb_build_object('node_id', gen_random_uuid(), 'name', 'n9', 'policy', 'serve',
                                             'lease_ends_at', null, 'is_gone', false)))
"""


async def test_a_global_admin_sees_each_node_with_its_state_and_its_ages(world: World, browser_of):
    with world.database.session() as db:
        for name, is_subscribed in (("well", True), ("hard-of-hearing", False)):
            row = report(
                node_id=NodeId(uuid7()),
                name=name,
                is_subscribed=is_subscribed,
                doorbell_age=timedelta(seconds=0.7) if is_subscribed else None,
            )
            report_node(db, row, perform_within=timedelta(seconds=2))
        run(
            db,
            """
            UPDATE node SET system_identifier = here.system_identifier,
                   timeline = ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint
              FROM pg_control_system() AS here
            """,
        )
    root = await browser_of("root")
    page = " ".join((await root.open("/fleet")).text.split())
    assert "well</th>" in page
    assert "700 ms ago" in page
    assert "deaf: no doorbell" in page
    assert (await root.open("/fleet/live")).text.startswith('<section id="fleet"')


async def test_nobody_else_sees_it(world: World, browser_of):
    assert (await (await browser_of("olga")).open("/fleet")).status_code == 403


async def test_how_long_the_last_close_took_is_drawn_and_written_beside(world: World, browser_of):
    with world.database.session() as db:
        run(db, CLOSED, ago=timedelta(minutes=3))
    page = (await (await browser_of("root")).open("/fleet")).text
    assert page.count("<rect") == 1 + 30
    assert '<td class="number">4</td><td class="number">40 ms</td>' in page
    assert "style=" not in page


async def test_what_is_not_confirmed_says_for_whom_it_waits_and_until_when(world: World, browser_of):
    with world.database.session() as db:
        run(db, WAITING)
    page = " ".join((await (await browser_of("root")).open("/fleet")).text.split())
    assert "n9, which serves on until it answers" in page


async def test_an_empty_fleet_says_so(world: World, browser_of):
    page = (await (await browser_of("root")).open("/fleet")).text
    for said in ("No node has a row", "No revocation has closed a socket yet", "Every node has confirmed"):
        assert said in page
