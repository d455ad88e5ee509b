"""The fleet's page in a browser: it keeps up, and says within a lease that a node is gone."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.data.rows import run
from tests.browser.fleet import BrowserFleet
from tests.browser.looks import looks_well
from tests.builders import MadeAccount
from tests.faults.processes import NodeProcess
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
LEASE_S = 3.0
TOLD_WITHIN_S = 3.0
"""The page looks about once a second, and then fetches; on a busy machine a little later."""


@pytest.fixture
def root(fleet: BrowserFleet) -> MadeAccount:
    return fleet.make.account("root", is_global_admin=True)


@pytest.fixture
def second_node(fleet: BrowserFleet, tmp_path: Path) -> Iterator[NodeProcess]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CUTOFF_")},
        "DATABASE_URL": fleet.settings.database_url,
        "REDIS_URL": fleet.settings.redis_url,
        "CUTOFF_ENV": "development",
        "CUTOFF_BUS_KEY": "a key of the tests",
        "PYTHONPATH": str(ROOT),
    }
    node = NodeProcess("node-to-lose", environment, tmp_path)
    node.start()
    eventually(lambda: node.readiness().get("status") == "current", within_s=45)
    yield node
    node.kill()
    with fleet.database.session() as db:
        run(db, "DELETE FROM node WHERE name = 'node-to-lose'")


def test_a_node_that_is_stopped_is_called_silent_within_its_lease(
    fleet: BrowserFleet, page_as, root: MadeAccount, second_node: NodeProcess
):
    page = page_as(root)
    page.goto("/sessions")
    page.get_by_role("link", name="Fleet").click()
    row = page.get_by_role("row").filter(has_text="node-to-lose")
    expect(row.get_by_text("current", exact=True)).to_be_visible()
    stopped_at = time.monotonic()
    second_node.kill()
    expect(row.get_by_text("silent", exact=True)).to_be_visible()
    assert time.monotonic() - stopped_at < LEASE_S + TOLD_WITHIN_S
    expect(
        page.get_by_role("row").filter(has_text="node-1").get_by_text("current", exact=True)
    ).to_be_visible()


def test_a_revocation_shows_in_the_chart_and_the_table_without_a_reload(
    fleet: BrowserFleet, page_as, root: MadeAccount
):
    page = page_as(root)
    page.goto("/fleet")
    chart = page.get_by_role("img", name="Revocations per minute")
    expect(chart).to_be_visible()
    before = _revocations_in(page)
    session = fleet.make.session()
    with fleet.database.session() as db:
        run(
            db,
            "UPDATE session SET terminated_at = clock_timestamp() WHERE id = %(id)s",
            id=session.session_id,
        )
    eventually(lambda: _revocations_in(page) > before, within_s=10)


def _revocations_in(page) -> int:
    cells = page.get_by_role("table", name="Revocations per minute").locator("td").all_text_contents()
    return sum(int(cell) for cell in cells)


def test_it_looks_well_on_every_screen(fleet: BrowserFleet, page_as, root: MadeAccount):
    with fleet.database.session() as db:
        run(
            db,
            """
            WITH made AS (
                INSERT INTO revocation (id, kind, source, reason, performed_at, audited_at, requested_at)
                SELECT gen_random_uuid(), 'session_revoke', 'request', 'session_revoked', clock_timestamp(), clock_timestamp(),
                       clock_timestamp() - n * interval '20 s' FROM generate_series(1, 30) AS n RETURNING id)
            INSERT INTO receipt_node (revocation_id, node_id, node_name, clean, slowest)
            SELECT id, gen_random_uuid(), 'node-1', 3, random() * interval '80 ms' + interval '5 ms' FROM made
            """,
        )
    page = page_as(root)
    page.goto("/fleet")
    expect(page.get_by_role("img", name="Time from the commit to the last close")).to_be_visible()
    looks_well(page, "fleet")
