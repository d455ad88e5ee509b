"""What admins do in a browser: find somebody, see what will end, end it, and watch the receipt fill in."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.operations.set_role import set_role
from tests.browser.fleet import BrowserFleet
from tests.browser.looks import looks_well
from tests.builders import MadeAccount, MadeOrganization, MadeSession, MadeToken
from tests.waiting import eventually

# axe looks at each page four times, and a busy machine takes its time over it.
pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Company:
    """An organization with an admin and a member, who is signed in twice and has a token."""

    organization: MadeOrganization
    admin: MadeAccount
    member: MadeAccount
    sessions: tuple[MadeSession, MadeSession]
    token: MadeToken


@pytest.fixture
def company(fleet: BrowserFleet) -> Company:
    make = fleet.make
    organization = make.organization()
    admin, member = make.account("boss"), make.member(organization)
    with fleet.database.session() as db:
        set_role(db, account_id=admin.account_id, org_id=organization.org_id, role="admin")
    sessions = (make.session(member), make.session(member))
    return Company(organization, admin, member, sessions, make.api_token(sessions[0]))


@pytest.fixture
def root(fleet: BrowserFleet) -> MadeAccount:
    fleet.make.account("another-root", is_global_admin=True)
    return fleet.make.account("root", is_global_admin=True)


@contextmanager
def a_socket(fleet: BrowserFleet, token: str) -> Iterator[ClientConnection]:
    with connect(fleet.sockets_url, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
        assert '"ready"' in str(socket.recv(timeout=10))
        yield socket


@contextmanager
def sockets_of(fleet: BrowserFleet, company: Company) -> Iterator[list[ClientConnection]]:
    """One on each session, and one on the token."""
    tokens = [each.token for each in (*company.sessions, company.token)]
    with ExitStack() as stack:
        yield [stack.enter_context(a_socket(fleet, token)) for token in tokens]


def close_code(socket: ClientConnection) -> int | None:
    """The code with which it was closed, once it is."""
    try:
        while True:
            socket.recv(timeout=10)
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


def open_once_it_says(page: Page, path: str, text: str) -> None:
    """The page is opened until it says so: nodes tell of their sockets about once a second."""

    def says_so() -> bool:
        page.goto(path)
        return text in " ".join(page.locator("main").inner_text().split())

    eventually(says_so)


def test_an_admin_finds_a_member_sees_what_will_end_and_watches_the_receipt_fill_in(
    fleet: BrowserFleet, page_as, company: Company
):
    page = page_as(company.admin)
    with sockets_of(fleet, company) as opened:
        page.goto("/sessions")
        page.get_by_role("link", name="Members").click()
        page.get_by_label("E-mail address or name").fill(company.member.email)
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name=company.member.email).click()
        expect(page.get_by_text("3 open sockets")).to_be_visible()
        looks_well(page, "account")
        page.get_by_role("button", name="End all sessions").click()
        for told in ("2 sessions", "2 sockets closed, and 1 more asked to reconnect", "on 1 node"):
            expect(page.locator("#preview")).to_contain_text(told)
        looks_well(page, "preview")
        assert page.get_by_role("button", name="End all sessions").is_enabled(), "nothing has ended yet"
        page.get_by_role("button", name="End all sessions").click()
        page.wait_for_url("**/receipts/*")
        assert [close_code(socket) for socket in opened] == [4001, 4001, 4005]
        receipt = page.locator("#receipt")
        expect(receipt).to_contain_text("every node has said so")
        expect(receipt).to_contain_text("2 sessions, 0 API tokens")
        expect(receipt.get_by_role("row").filter(has_text="node-1")).to_contain_text("3")
        looks_well(page, "receipt")


def test_the_account_page_keeps_up_with_what_happens_elsewhere(
    fleet: BrowserFleet, page_as, company: Company
):
    page = page_as(company.admin)
    page.goto(f"/accounts/{company.member.account_id}")
    expect(page.get_by_text("2 sessions, 1 API token")).to_be_visible()
    fleet.make.session(company.member)
    expect(page.get_by_text("3 sessions, 1 API token")).to_be_visible()


def test_a_global_admin_suspends_an_account_and_lifts_it_again(
    fleet: BrowserFleet, page_as, company: Company, root: MadeAccount
):
    page = page_as(root)
    with sockets_of(fleet, company) as opened:
        page.goto("/accounts")
        looks_well(page, "accounts")
        page.get_by_label("E-mail address or name").fill(company.member.email)
        page.keyboard.press("Enter")
        page.get_by_role("link", name=company.member.email).click()
        account = page.url
        page.get_by_role("button", name="Suspend").click()
        expect(page.locator("#preview")).to_contain_text("1 API token")
        page.get_by_role("button", name="Suspend the account").click()
        expect(page.locator("#receipt")).to_contain_text("every node has said so")
        assert [close_code(socket) for socket in opened] == [4001, 4001, 4001]
    page.goto(account)
    expect(page.get_by_text("suspended", exact=True)).to_be_visible()
    page.get_by_role("button", name="Lift the suspension").click()
    expect(page.get_by_text("active", exact=True)).to_be_visible()


def test_a_foreign_member_is_a_404_page(fleet: BrowserFleet, page_as, company: Company):
    foreign = fleet.make.member(fleet.make.organization())
    page = page_as(company.admin)
    answer = page.goto(f"/accounts/{foreign.account_id}")
    assert answer is not None
    assert answer.status == 404
    assert foreign.email not in page.content()
    page.goto(f"/members?search={foreign.email}")
    expect(page.get_by_text("Nobody is found.")).to_be_visible()


def test_who_lost_a_session_finds_the_receipt_and_the_event(fleet: BrowserFleet, page_as, company: Company):
    """The account holder's side: their own receipt, without the name of whom they may not know."""
    admin = page_as(company.admin)
    admin.goto(f"/accounts/{company.member.account_id}")
    admin.get_by_role("button", name="End the session").first.click()
    admin.get_by_role("button", name="End this session").click()
    admin.wait_for_url("**/receipts/*")
    page = page_as(company.member)
    page.goto("/receipts")
    page.get_by_role("link", name="Session ended").click()
    expect(page.locator("#receipt")).to_contain_text("It is off")
    expect(page.locator("#receipt")).not_to_contain_text(company.admin.email)
    page.goto("/audit?type=session_revoke")
    expect(page.get_by_role("row").filter(has_text="Session ended")).to_be_visible()


@pytest.mark.parametrize("path", ["/members", "/receipts", "/receipts?kind=logout", "/audit"])
def test_lists_fit_and_are_accessible_in_every_look(page_as, company: Company, path):
    page = page_as(company.admin)
    page.goto(path)
    looks_well(page, f"admin {path}")


def test_the_counts_of_the_list_are_those_of_the_sockets(fleet: BrowserFleet, page_as, company: Company):
    page = page_as(company.admin)
    with sockets_of(fleet, company):
        open_once_it_says(page, f"/members?search={company.member.email}", "member 2 1 3")
