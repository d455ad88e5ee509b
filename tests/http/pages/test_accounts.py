async def test_accounts_are_for_global_admins(browser_of):
    root, olga = await browser_of("root"), await browser_of("olga")
    page = await root.open("/accounts?search=@cutoff.test")
    for name in ("alice", "bob", "zoe", "ruth"):
        assert f"{name}@cutoff.test" in page.text
    refused = await olga.open("/accounts")
    assert refused.status_code == 403
    assert "alice@cutoff.test" not in refused.text


async def test_suspended_and_deleted_accounts_are_marked(browser_of, world):
    root = await browser_of("root")
    world.run("UPDATE account SET suspended_at = now() WHERE email = 'alice@cutoff.test'")
    world.run("UPDATE account SET deleted_at = now() WHERE email = 'bob@cutoff.test'")
    assert "suspended" in (await root.open("/accounts?search=alice")).text
    assert "bob@cutoff.test" not in (await root.open("/accounts?search=bob")).text
    page = await root.open("/accounts?search=bob&with_deleted=yes")
    assert "bob@cutoff.test" in page.text
    assert '<span class="badge bad">deleted</span>' in page.text
