"""Somebody ends credentials over HTTP on the very node that has their sockets; no worker is there to perform it."""

import httpx

from tests.realtime.nodes import (
    RunningNode,
    a_node,
    by_the_doorbell_alone,
    echoes,
    opened,
    quick,
    seen_close,
)


def _client(node: RunningNode, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{node.port}/v1", headers={"Authorization": f"Bearer {token}"}
    )


async def test_a_session_that_ends_itself_is_answered_and_its_sockets_close(settings, make):
    """B194."""
    account = make.account()
    session, sibling = make.session(account), make.session(account)
    async with a_node(quick(settings, perform_within=0.2)) as node, opened(node, session.token) as socket:
        async with opened(node, sibling.token) as other, _client(node, session.token) as client:
            answer = await client.delete(f"/sessions/{session.session_id}")
            assert (answer.status_code, answer.json()["kind"]) == (202, "session_revoke")
            assert (await seen_close(socket)).told == (4001, "session_revoked", "after_sign_in")
            assert (await client.get("/sessions")).json()["reason"] == "session_revoked"
            assert await echoes(other)


async def test_what_the_request_itself_ends_closes_at_once_though_nobody_performs_it(settings, make):
    """The stamp is committed with the request; the node that served it says so, and hears itself."""
    account = make.account()
    session, sibling, bystander = make.session(account), make.session(account), make.session()
    async with (
        a_node(by_the_doorbell_alone(settings, perform_within=60)) as node,
        opened(node, sibling.token) as socket,
    ):
        async with opened(node, bystander.token) as other, _client(node, session.token) as client:
            answer = await client.post("/sessions/terminate-all", json={"except_current": False})
            assert answer.json()["state"] == "requested"
            assert (await seen_close(socket)).told == (4001, "all_sessions_revoked", "after_sign_in")
            assert await echoes(other)


async def test_an_admin_who_ends_all_their_own_sessions_is_answered_and_then_out(settings, make):
    """B38."""
    admin = make.session(make.account(is_global_admin=True))
    bystander = make.session()
    async with a_node(quick(settings, perform_within=0.2)) as node, opened(node, admin.token) as socket:
        async with opened(node, bystander.token) as other, _client(node, admin.token) as client:
            answer = await client.post(f"/admin/accounts/{admin.account_id}/sessions/terminate-all")
            assert answer.status_code == 202
            assert (await seen_close(socket)).told == (4001, "all_sessions_revoked", "after_sign_in")
            assert await echoes(other)
