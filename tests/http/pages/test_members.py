async def test_an_organizations_admin_sees_its_members_and_nobody_else(browser_of):
    olga = await browser_of("olga")
    page = await olga.open("/members")
    assert page.status_code == 200
    assert "alice@cutoff.test" in page.text
    assert "bob@cutoff.test" not in page.text
    assert 'href="/members" aria-current="page"' in page.text
    assert "alice@cutoff.test" in (await olga.open("/members?search=ALI")).text
    assert "alice@cutoff.test" not in (await olga.open("/members?search=bob")).text


async def test_a_search_is_repeated_in_its_field_and_never_as_markup(browser_of):
    olga = await browser_of("olga")
    page = await olga.open("/members?search=%22%3E%3Cscript%3E")
    assert "<script>" not in page.text
    assert 'value="&#34;&gt;&lt;script&gt;"' in page.text


async def test_who_administers_nobody_is_offered_no_members_and_gets_none(browser_of):
    alice = await browser_of("alice")
    page = await alice.open("/members")
    assert page.status_code == 403
    assert 'href="/members"' not in page.text


async def test_long_lists_come_in_pages(browser_of, world):
    world.run(
        """
        WITH made AS (
            INSERT INTO account (id, email)
            SELECT gen_random_uuid(), 'm' || i || '@cutoff.test' FROM generate_series(1, 60) AS i RETURNING id)
        INSERT INTO role_grant (account_id, org_id, role) SELECT id, %(org)s, 'member' FROM made
        """,
        org=world.acme,
    )
    olga = await browser_of("olga")
    first = await olga.open("/members?search=cutoff.test")
    address = first.text.split('class="pager"><a href="')[1].split('"')[0].replace("&amp;", "&")
    assert address.startswith("/members?search=cutoff.test&cursor=")
    second = await olga.open(address)
    assert first.text.count('<th scope="row">') == 50
    assert second.text.count('<th scope="row">') == 12
