"""The whole story of support access, in two people's browsers: given, used, extended, ended; asked for and approved."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PageAs
from tests.browser.fleet import BrowserFleet
from tests.browser.looks import looks_well
from tests.builders import MadeAccount, MadeOrganization

pytestmark = pytest.mark.timeout(180)
SOON_MS = 5_000
"""The stream ends within a second (tests/realtime measures that); the rest is the browser's way on a busy machine."""


@pytest.fixture
def organization(fleet: BrowserFleet) -> MadeOrganization:
    return fleet.make.organization()


@pytest.fixture
def people(
    fleet: BrowserFleet, organization: MadeOrganization, page_as: PageAs
) -> tuple[Page, Page, MadeAccount]:
    """The organization's admin and a Global Admin, each at a page of their own."""
    row = fleet.database.transact(_email_of, organization.admin.account_id)
    admin = MadeAccount(account_id=organization.admin.account_id, email=row, is_global_admin=False)
    support = fleet.make.account("support", is_global_admin=True)
    return page_as(admin), page_as(support), support


def _email_of(db, account_id) -> str:
    from app.data.rows import all_rows

    (row,) = all_rows(db, "SELECT email FROM account WHERE id = %(id)s", id=account_id)
    return str(row["email"])


def at(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M")


def let_in(
    admin: Page, *, until: str, reason: str = "ticket 7", only: str = "", read_only: bool = False
) -> None:
    admin.goto("/support")
    admin.get_by_label("Until (UTC)", exact=True).last.fill(until)
    admin.get_by_label("Reason").fill(reason)
    admin.get_by_label("Only this person").fill(only)
    admin.locator("form[action='/support/grants'] input[name=read_only]").set_checked(read_only)
    admin.get_by_role("button", name="Let support in").click()
    expect(admin.get_by_text("Support is let in.")).to_be_visible()


def go_in(support: Page, organization: MadeOrganization) -> None:
    support.goto("/support-sessions")
    card = support.get_by_role("article").filter(has_text=organization.slug.title())
    card.get_by_label("What for").fill("to look at the import")
    card.get_by_role("button", name="Open a support session").click()
    expect(support.get_by_role("heading", name=organization.slug.title(), level=1)).to_be_visible()


def test_the_organization_lets_support_in_extends_it_and_ends_it_under_their_eyes(people, organization):
    """B225, B229, B231, B238."""
    admin, support, account = people
    let_in(admin, until=at(hours=1), only=account.email, read_only=True)
    expect(admin.get_by_role("article").first).to_contain_text("CET")  # local times say their zone
    looks_well(admin, "support access on")
    go_in(support, organization)
    banner = support.get_by_role("region", name="Support session")
    expect(banner).to_contain_text(organization.slug.title())
    expect(banner).to_contain_text("which may only read")
    expect(banner).to_contain_text(re.compile(r"over in (59|60|58) minutes|over in 1 hour"))
    looks_well(support, "support session")

    admin.bring_to_front()
    expect(admin.get_by_role("row").filter(has_text="to look at the import")).to_be_visible()
    article = admin.get_by_role("article").filter(has_text=account.email).first
    article.get_by_label("Let it end instead at (UTC)").fill(at(hours=5))
    article.get_by_role("button", name="Move the end").click()
    expect(banner).to_contain_text(re.compile("over in [45] hours"))

    admin.get_by_role("link", name="End it now").click()
    expect(admin.locator("#preview")).to_contain_text("1 support session")
    looks_well(admin, "support access end")
    admin.get_by_role("button", name="End support access now").click()
    support.wait_for_url(re.compile("/sign-in"), timeout=SOON_MS, wait_until="commit")
    expect(support.get_by_text("The organization has ended your support access.")).to_be_visible()
    expect(admin).to_have_url(re.compile("/receipts/"))

    support.get_by_role("link", name="Go on with your own session").click()
    expect(support.get_by_text("No organization lets you in at the moment.")).to_be_visible()
    expect(support.get_by_role("region", name="Support session")).to_have_count(0)
    admin.goto("/support")
    expect(admin.get_by_role("row").filter(has_text="Support access was ended by hand")).to_be_visible()
    looks_well(admin, "support access off")


def test_a_request_appears_is_approved_and_opens_the_door(people, organization):
    admin, support, account = people
    admin.goto("/support")
    support.goto("/support-sessions")
    form = support.locator("form[action='/support-sessions/requests']")
    form.get_by_label("Organization").fill(organization.slug)
    form.get_by_label("Until (UTC)").fill(at(days=2))
    form.get_by_label("Reason").fill("ticket 9")
    form.get_by_role("button", name="Ask for access").click()
    expect(support.get_by_role("row").filter(has_text="pending")).to_be_visible()
    looks_well(support, "support sessions")

    card = admin.get_by_role("article").filter(has_text="ticket 9")
    expect(card).to_contain_text(account.email)
    looks_well(admin, "support request")
    card.get_by_label("Only to read").check()
    card.get_by_role("button", name="Approve").click()
    expect(admin.get_by_text("Support is let in.")).to_be_visible()

    expect(support.get_by_role("article").filter(has_text="You only, only to read")).to_be_visible()
    go_in(support, organization)
    support.get_by_role("button", name="Leave").click()
    expect(support.get_by_role("heading", name="Support sessions")).to_be_visible()


def test_when_the_time_is_over_the_page_goes_to_the_second(
    people, organization, fleet: BrowserFleet, new_page: Callable[..., Page]
):
    """B227: by the page's own deadline."""
    admin, support, _ = people
    let_in(admin, until=at(hours=1))
    go_in(support, organization)
    with fleet.database.session() as db:
        from app.data.rows import run

        run(
            db,
            """
            UPDATE support_access_grant SET expires_at = clock_timestamp() + interval '4 s'
             WHERE org_id = %(org_id)s
            """,
            org_id=organization.org_id,
        )
    ends_at = datetime.now(UTC) + timedelta(seconds=4)
    banner = support.get_by_role("region", name="Support session")
    expect(banner).to_contain_text(re.compile("over in [1-4] second"))
    support.wait_for_url(re.compile("/sign-in"), timeout=4_000 + SOON_MS, wait_until="commit")
    assert ends_at - timedelta(seconds=1) < datetime.now(UTC) < ends_at + timedelta(milliseconds=SOON_MS)
    expect(support.get_by_text("The time of your support access is over.")).to_be_visible()


def test_a_webhooks_secret_is_shown_once(people):
    admin, _, _ = people
    admin.goto("/support")
    admin.get_by_label("Address").fill("https://hooks.example.com/cutoff")
    admin.get_by_role("button", name="Send notices there").click()
    expect(admin.locator("#secret")).to_contain_text("whsec_")
    looks_well(admin, "webhook secret")
    admin.get_by_role("link", name="Back to support access").click()
    expect(admin.get_by_label("Address")).to_have_value("https://hooks.example.com/cutoff")
    assert "whsec_" not in admin.content()
