"""Requests for support access over HTTP, and what an organization is told."""

import pytest

from app.config import Environment
from tests.http.test_routes_support_access import later
from tests.http.world import UNKNOWN, Signed, World, same_but_for_the_request_id

REQUESTS = "/v1/orgs/acme/support-requests"


async def ask(root: Signed, **body: object) -> dict[str, object]:
    answer = await root.post(REQUESTS, json={"expires_at": later(days=1), "reason": "ticket 8", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()
    return made


async def test_a_request_is_made_listed_and_approved_as_a_grant_for_whoever_asked(world: World):
    olga, root = await world.sign_in("olga"), await world.sign_in("root")
    made = await ask(root)
    assert (made["state"], made["requested_by"]) == ("pending", root.account_id)
    for reader in (olga, root):
        listed = (await reader.get(REQUESTS)).json()["items"]
        assert [each["id"] for each in listed] == [made["id"]]
    approved = await olga.post(f"{REQUESTS}/{made['id']}/approve", json={"read_only": True})
    assert approved.status_code == 201
    assert (approved.json()["admin_account_id"], approved.json()["read_only"]) == (root.account_id, True)
    after = (await root.get(REQUESTS)).json()["items"][0]
    assert (after["state"], after["grant_id"]) == ("approved", approved.json()["id"])
    late = await olga.post(f"{REQUESTS}/{made['id']}/decline")
    assert (late.status_code, late.json()["rule"]) == (409, "request_is_over")


async def test_it_is_declined_or_withdrawn(world: World):
    olga, root = await world.sign_in("olga"), await world.sign_in("root")
    declined = await olga.post(f"{REQUESTS}/{(await ask(root))['id']}/decline")
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    withdrawn = await root.post(f"{REQUESTS}/{(await ask(root))['id']}/withdraw")
    assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")
    assert world.count("support_access_grant") == 0


async def test_unknown_and_foreign_requests_get_the_same_answer(world: World):
    """B14, B15, B22."""
    zoe, root, ruth = [await world.sign_in(name) for name in ("zoe", "root", "ruth")]
    made = await ask(root)
    probes: list[tuple[Signed, str, str, dict[str, object] | None]] = [
        (zoe, "/v1/orgs/zeta/support-requests", "approve", {}),
        (zoe, "/v1/orgs/zeta/support-requests", "decline", None),
        (zoe, REQUESTS, "decline", None),
        (ruth, REQUESTS, "withdraw", None),
        (root, "/v1/orgs/zeta/support-requests", "withdraw", None),
    ]
    for prober, path, verb, body in probes:
        foreign = await prober.post(f"{path}/{made['id']}/{verb}", json=body)
        unknown = await prober.post(f"{path}/{UNKNOWN}/{verb}", json=body)
        assert foreign.status_code == 404
        assert same_but_for_the_request_id(foreign, unknown)
    assert (await ruth.get(REQUESTS)).json()["items"] == []
    assert (await zoe.get(REQUESTS)).status_code == 404
    assert world.rows("SELECT decision FROM support_request") == [{"decision": None}]


@pytest.mark.parametrize(
    "body", [{"reason": ""}, {"expires_at": "tomorrow"}, {"expires_at": None}, {"read_only": "yes"}, {"x": 1}]
)
async def test_a_request_that_will_not_do_is_refused(world: World, body):
    root = await world.sign_in("root")
    answer = await root.post(REQUESTS, json={"expires_at": later(days=1), "reason": "x", **body})
    assert answer.status_code == 422
    assert world.count("support_request") == 0


async def test_who_is_no_global_admin_asks_nothing(world: World):
    for name in ("alice", "olga", "zoe"):
        answer = await (await world.sign_in(name)).post(
            REQUESTS, json={"expires_at": later(days=1), "reason": "x"}
        )
        assert answer.status_code == 403


async def test_a_purpose_that_was_given_and_each_notice_are_seen_by_the_organization(world: World):
    """B238."""
    olga, root = await world.sign_in("olga"), await world.sign_in("root")
    grants = "/v1/orgs/acme/support-grants"
    await olga.post(grants, json={"expires_at": later(hours=1), "reason": "ticket 7"})
    for body in ({"purpose": "the import"}, {}):
        assert (await root.post("/v1/orgs/acme/support-sessions", json=body)).status_code == 201
    uses = (await olga.get("/v1/orgs/acme/support-uses")).json()["items"]
    assert [(each["purpose"], each["account_id"]) for each in uses] == [
        ("ticket 7", root.account_id),
        ("the import", root.account_id),
    ]
    notices = (await olga.get("/v1/orgs/acme/notices", params={"limit": 1})).json()
    assert notices["items"][0]["type"] == "support_access.first_used"
    assert notices["items"][0]["facts"]["purpose"] == "the import"
    second = (await olga.get("/v1/orgs/acme/notices", params={"cursor": notices["next"]})).json()
    assert [each["type"] for each in second["items"]] == ["support_access.given"]
    for path in ("notices", "support-uses", "webhook"):
        assert (await root.get(f"/v1/orgs/acme/{path}")).status_code == 404
        assert (await (await world.sign_in("alice")).get(f"/v1/orgs/acme/{path}")).status_code == 403


async def test_a_webhook_is_put_its_secret_shown_once_and_deleted(world: World):
    olga, webhook = await world.sign_in("olga"), "/v1/orgs/acme/webhook"
    assert (await olga.get(webhook)).status_code == 404
    put = await olga.ask("PUT", webhook, json={"url": "https://hooks.example.com/x"})
    assert put.status_code == 200
    assert put.json()["secret"].startswith("whsec_")
    assert "secret" not in (await olga.get(webhook)).json()
    again = await olga.ask("PUT", webhook, json={"url": "https://hooks.example.com/y"})
    assert again.json()["secret"] is None
    rotated = await olga.ask(
        "PUT", webhook, json={"url": "https://hooks.example.com/y", "rotate_secret": True}
    )
    assert rotated.json()["secret"] not in {None, put.json()["secret"]}
    assert rotated.json()["previous_secret_until"] is not None
    assert (await olga.delete(webhook)).status_code == 204
    assert (await olga.delete(webhook)).status_code == 404
    token = await olga.api_token()
    assert (await token.ask("PUT", webhook, json={"url": "https://x.example/"})).status_code == 403


@pytest.mark.parametrize(("env", "status"), [(Environment.PRODUCTION, 422), (Environment.DEVELOPMENT, 200)])
async def test_http_will_do_in_development_only(world: World, deps, env, status):
    object.__setattr__(deps, "settings", deps.settings.model_copy(update={"env": env}))
    olga = await world.sign_in("olga")
    put = await olga.ask("PUT", "/v1/orgs/acme/webhook", json={"url": "http://127.0.0.1:9/"})
    assert put.status_code == status
