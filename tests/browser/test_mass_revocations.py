"""A mass revocation in a browser: planned in words, started behind a confirmation, paused, resumed, done."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.operations.set_role import set_role
from tests.browser.fleet import BrowserFleet
from tests.browser.looks import looks_well
from tests.browser.test_admin_pages import a_socket, close_code
from tests.builders import MadeAccount, MadeOrganization

pytestmark = pytest.mark.timeout(240)

CROWD = 40
PACE = 4
DONE_WITHIN_MS = 60_000


def an_organization(fleet: BrowserFleet) -> tuple[MadeOrganization, MadeAccount]:
    """With an admin who has no session yet."""
    organization, boss = fleet.make.organization(), fleet.make.account("boss")
    with fleet.database.session() as db:
        set_role(db, account_id=boss.account_id, org_id=organization.org_id, role="admin")
    return organization, boss


def ended_so_far(page: Page) -> int:
    told = re.search(r"(\d+) credentials? of", page.locator("#job [role=status]").inner_text())
    return int(told[1]) if told else 0


def test_an_admin_plans_starts_pauses_resumes_and_sees_it_done_while_bystanders_stay(
    fleet: BrowserFleet, page_as
):
    organization, boss = an_organization(fleet)
    member = fleet.make.member(organization)
    session = fleet.make.session(member)
    fleet.make.many_sessions(member, CROWD - 1)
    stranger = fleet.make.session()
    page: Page = page_as(boss)
    with a_socket(fleet, session.token) as theirs, a_socket(fleet, stranger.token) as bystander:
        page.goto("/sessions")
        page.get_by_role("link", name="Mass revocation").click()
        page.get_by_label("Sessions").check()
        page.get_by_label("Role").select_option("member")
        page.get_by_label("Why").fill("a laptop was stolen")
        page.get_by_label("At most so many a second").fill(str(PACE))
        looks_well(page, "mass revocations")
        page.get_by_role("button", name="Count what would end").click()

        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text(f"End the sessions of members of {organization.slug}?")
        job = page.locator("#job")
        expect(job).to_contain_text(f"{CROWD} sessions and 0 API tokens of 1 account")
        looks_well(page, "mass revocation planned")
        page.get_by_role("button", name=f"End {CROWD} credentials").click()

        expect(job).to_contain_text("ended so far")
        expect(job.get_by_role("progressbar")).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        expect(job).to_contain_text("It stands still")
        held = ended_so_far(page)
        assert held < CROWD
        looks_well(page, "mass revocation paused")
        page.get_by_role("button", name="Go on").click()
        # Nobody reloads: the page keeps up by itself until it is done.
        expect(job).to_contain_text(f"All of it has ended: {CROWD} sessions", timeout=DONE_WITHIN_MS)
        expect(job.get_by_role("progressbar")).to_have_attribute("value", "100")
        looks_well(page, "mass revocation done")

        assert close_code(theirs) == 4001
        bystander.send('{"type": "echo", "id": "1", "payload": "still here"}')
        assert "still here" in str(bystander.recv(timeout=10))
        page.get_by_role("link", name="what the nodes have closed").click()
        receipt = page.locator("#receipt")
        expect(receipt).to_contain_text("every node has said so")
        expect(receipt).to_contain_text(f"{CROWD} sessions, 0 API tokens")


def test_a_mistake_in_the_form_ends_nothing_and_says_what_to_do(fleet: BrowserFleet, page_as):
    root = fleet.make.account("root", is_global_admin=True)
    page: Page = page_as(root)
    page.goto("/mass-revocations")
    page.get_by_label("Sessions").check()
    page.get_by_label("Why").fill("a drill")
    page.get_by_role("button", name="Count what would end").click()

    expect(page.get_by_role("alert")).to_contain_text("at least one criterion, or everyone")
    expect(page.get_by_label("Why")).to_have_value("a drill")
