import pytest

from app.data.audit import AuditEvent, record_audit_event


async def test_everybody_reads_what_concerns_them_in_words(browser_of, world):
    alice, bob = await world.sign_in("alice"), await browser_of("bob")
    await alice.post("/v1/auth/logout")
    page = await (await browser_of("alice")).open("/audit")
    assert "Signed out" in page.text
    assert "bob@cutoff.test" not in page.text
    assert "Signed out" not in (await bob.open("/audit")).text.partition("<tbody>")[2]


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("type=logout&outcome=success&text=&actor=&account=&since=&until=", True),
        ("type=sign_in", False),
        ("account=alice%40cutoff.test&type=logout", True),
        ("text=LOGOUT", True),
        ("text=nowhere", False),
        ("until=2026-01-01T00:00", False),
    ],
)
async def test_the_trail_is_searched(browser_of, world, query, finds):
    alice, root = await world.sign_in("alice"), await browser_of("root")
    await alice.post("/v1/auth/logout")
    page = await root.open(f"/audit?{query}")
    assert page.status_code == 200
    assert ("Signed out" in page.text.partition("<tbody>")[2]) is finds


async def test_of_an_organization_its_admins_read_and_for_others_it_is_unknown(browser_of, world):
    with world.database.session() as db:
        record_audit_event(db, AuditEvent(type="support_grant_save", org_id=world.acme))
    olga, zoe = await browser_of("olga"), await browser_of("zoe")
    assert "Support access given" in (await olga.open("/audit?org=acme")).text.partition("<tbody>")[2]
    assert (await zoe.open("/audit?org=acme")).status_code == 404
    assert (await zoe.open("/audit?org=nowhere")).status_code == 404


async def test_what_whoever_tried_has_chosen_is_no_markup(browser_of, world):
    evil = "<script>alert(1)</script>"
    with world.database.session() as db:
        record_audit_event(
            db,
            AuditEvent(
                type=evil,
                is_success=False,
                account_id=world.accounts["alice"],
                actor_id=evil,
                session_id=evil,
                reason=evil,
                ip_address=evil,
                metadata={evil: evil},
            ),
        )
    page = await (await browser_of("alice")).open("/audit")
    assert "alert(1)" in page.text
    assert "<script>alert" not in page.text
    assert "refused" in page.text.partition("<tbody>")[2]
