import pytest

from tests.http.pages.conftest import without_request_id
from tests.http.world import UNKNOWN


@pytest.fixture
async def ended(world):
    """olga has ended alice's session; the receipt's id."""
    olga, alice = await world.sign_in("olga"), await world.sign_in("alice")
    answer = await olga.delete(f"/v1/admin/sessions/{alice.session_id}", headers={"prefer": "wait=5"})
    return answer.json()["id"]


async def test_everybody_finds_the_receipts_that_concern_them(browser_of, ended):
    for name, sees in (("alice", True), ("olga", True), ("root", True), ("bob", False), ("zoe", False)):
        page = await (await browser_of(name)).open("/receipts")
        assert (f"/receipts/{ended}" in page.text) is sees, name


async def test_receipts_are_searched_and_an_empty_field_asks_nothing(browser_of, ended):
    olga = await browser_of("olga")
    empty = "state=&source=&account=&actor=&since=&until="
    for query, finds in (
        (f"kind=&{empty}", True),
        (f"kind=session_revoke&{empty}", True),
        (f"kind=logout&{empty}", False),
        ("account=alice%40cutoff.test", True),
        ("account=bob%40cutoff.test", False),
        ("until=2026-01-01T00:00", False),
        ("state=confirmed", True),
        ("state=performed", False),
    ):
        page = await olga.open(f"/receipts?{query}")
        assert page.status_code == 200
        assert (f"/receipts/{ended}" in page.text) is finds, query
    for query in ("state=gone", "since=yesterday", "cursor=!"):
        assert (await olga.open(f"/receipts?{query}")).status_code == 422


async def test_a_receipt_says_what_by_whom_why_and_how_far_it_is(browser_of, world, ended):
    world.run(
        """
        INSERT INTO receipt_node (revocation_id, node_id, node_name, closing, clean, aborted, already_gone,
                                  first_closed_at, last_closed_at, slowest)
        VALUES (%(id)s, gen_random_uuid(), 'node <1>', 1, 2, 3, 4, '2026-01-02 03:04:05.678Z',
                '2026-01-02 03:04:06Z', '12 ms')
        """,
        id=ended,
    )
    page = await (await browser_of("olga")).open(f"/receipts/{ended}")
    text = " ".join(page.text.split())
    for told in (
        "Session ended",
        ">alice@cutoff.test</a>",
        ">olga@cutoff.test</a>",
        "ended by hand",
        "It is off, on every node, and every node has said so.",
        "node &lt;1&gt;",
        "03:04:05.678 UTC",
        "12 ms",
        "9, and 1 mute and closing",
    ):
        assert told in text, told


async def test_an_account_holder_reads_their_receipt_and_learns_no_foreign_name(browser_of, world):
    root, alice = await world.sign_in("root"), await world.sign_in("alice")
    ended = (await root.delete(f"/v1/admin/sessions/{alice.session_id}")).json()["id"]
    page = await (await browser_of("alice")).open(f"/receipts/{ended}")
    assert page.status_code == 200
    assert "alice@cutoff.test" in page.text
    assert "root@cutoff.test" not in page.text
    assert 'href="/accounts/' not in page.text


async def test_an_unconfirmed_node_is_named_with_the_end_of_its_lease(browser_of, world, ended):
    world.run(
        """
        UPDATE revocation SET confirmed_at = NULL, unconfirmed = jsonb_build_array(
            jsonb_build_object('node_id', gen_random_uuid(), 'name', 'node-7', 'policy', 'hold',
                               'lease_ends_at', '2026-01-02T03:04:05+00:00', 'is_gone', false),
            jsonb_build_object('node_id', gen_random_uuid(), 'name', 'node-8', 'policy', 'serve',
                               'lease_ends_at', null, 'is_gone', false))
         WHERE id = %(id)s
        """,
        id=ended,
    )
    world.run(
        "INSERT INTO node (id, name, policy, lease, snapshot) SELECT (u->>'node_id')::uuid, u->>'name', u->>'policy',"
        " '3 s', '1:1:' FROM revocation, jsonb_array_elements(unconfirmed) u WHERE revocation.id = %(id)s",
        id=ended,
    )
    page = await (await browser_of("alice")).open(f"/receipts/{ended}")
    text = " ".join(page.text.split())
    assert "<strong>node-7</strong>" in text
    assert "2026-" in text.partition("<strong>node-7</strong>")[2].partition("</li>")[0]
    assert "has to confirm, or be forgotten" in text.partition("<strong>node-8</strong>")[2]


async def test_a_foreign_receipt_is_the_same_404_page_as_an_unknown_one(browser_of, ended):
    """B14, B15."""
    bob = await browser_of("bob")
    for more in ("", "/live"):
        foreign = await bob.open(f"/receipts/{ended}{more}")
        unknown = await bob.open(f"/receipts/{UNKNOWN}{more}")
        assert foreign.status_code == unknown.status_code == 404
        assert without_request_id(foreign) == without_request_id(unknown)


async def test_what_keeps_up_is_the_section_alone(browser_of, ended):
    page = await (await browser_of("alice")).open(f"/receipts/{ended}/live")
    assert page.text.lstrip().startswith('<section id="receipt"')
    assert f'data-topic="receipt:{ended}"' in page.text
