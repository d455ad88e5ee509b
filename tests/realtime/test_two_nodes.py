"""The whole account, on two nodes (B1 to B5, B24 to B45)."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import ClientConnection

from app.domain.credentials import TokenKind
from app.operations.change_password import change_password
from app.operations.delete_account import delete_account
from app.operations.end_all_account_sessions import end_all_account_sessions
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.perform import perform
from app.operations.request_logout import request_logout
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from app.operations.revoke_own_api_token import revoke_own_api_token
from app.operations.suspend_account import suspend_account
from app.operations.unsuspend_account import unsuspend_account
from tests.builders import Builders, random_token
from tests.realtime.conditions import eventually
from tests.realtime.nodes import (
    RunningNode,
    a_node,
    by_the_doorbell_alone,
    by_the_log_alone,
    echoes,
    opened,
    refused,
    seen_close,
)

DAEMON = random_token(TokenKind.DAEMON)
REVOKED, RECONNECT = (4001, "after_sign_in"), (4005, "now")


class Fleet:
    """Two nodes with sockets of an account's session, sibling, API token and daemon on each, and a bystander's."""

    def __init__(self, make: Builders, nodes: Sequence[RunningNode], stack: AsyncExitStack) -> None:
        self.make, self.nodes, self._stack = make, nodes, stack
        self.sockets: dict[str, list[ClientConnection]] = {}

    async def populate(self, **tokens: str) -> None:
        for name, token in tokens.items():
            self.sockets[name] = [
                await self._stack.enter_async_context(opened(node, token)) for node in self.nodes
            ]

    async def seen(self, name: str) -> set[tuple[int, str | None]]:
        closes = [await seen_close(socket) for socket in self.sockets[name]]
        return {(each.code, each.told[2]) for each in closes}

    async def echo(self, *names: str) -> bool:
        return all([await echoes(socket) for name in names for socket in self.sockets[name]])


@pytest.fixture(params=["at once", "by the log"])
async def fleet(request, settings, make, account):
    how = by_the_doorbell_alone if request.param == "at once" else by_the_log_alone
    daemon = {"daemon_token": DAEMON, "daemon_account": str(account.account_id)}
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(a_node(how(settings, node_name=name, **daemon)))
            for name in ("n1", "n2")
        ]
        yield Fleet(make, nodes, stack)


@pytest.fixture
def account(make):
    return make.account()


@pytest.fixture
async def people(fleet, make, account):
    """The account's session and API token; all its sockets are open."""
    session, sibling = make.session(account), make.session(account)
    token, second = make.api_token(session), make.api_token(session)
    await fleet.populate(
        session=session.token,
        sibling=sibling.token,
        token=token.token,
        second=second.token,
        daemon=DAEMON,
        stranger=make.session().token,
    )
    return session, sibling, token


async def test_one_session_ends_on_both_nodes_and_nothing_else_does(fleet, people, hands):
    """B1, B2, B3, B9, B127."""
    session, _, _ = people
    await hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id)
    assert await fleet.seen("session") == {REVOKED}
    assert await fleet.echo("sibling", "token", "second", "daemon", "stranger")


async def test_one_token_ends_on_both_nodes_and_its_receipt_lists_one_on_each(fleet, people, hands):
    """B4, B5, B76."""
    session, _, token = people
    revocation_id = await hands.revoke(
        revoke_own_api_token, caller=session.caller, api_token_id=token.api_token_id
    )
    assert await fleet.seen("token") == {(4001, "never")}
    assert await fleet.echo("session", "sibling", "second", "daemon", "stranger")
    receipt = await hands.receipt(revocation_id, lambda receipt: receipt.closed == 2)
    assert {(node.name, node.clean, node.aborted) for node in receipt.nodes} == {("n1", 1, 0), ("n2", 1, 0)}


async def test_all_sessions_end_and_what_is_still_valid_comes_back(fleet, people, hands, database):
    """B25, B26, B27, B45: and the same end, however often it arrives, spares those who came back."""
    session, _, token = people
    revocation_id = await hands.revoke(end_all_own_sessions, caller=session.caller, except_current=False)
    assert await fleet.seen("session") == await fleet.seen("sibling") == {REVOKED}
    assert (
        await fleet.seen("token") == await fleet.seen("second") == await fleet.seen("daemon") == {RECONNECT}
    )
    assert await fleet.echo("stranger")
    for node in fleet.nodes:
        assert (await refused(node, session.token)).status == 401
    async with opened(fleet.nodes[0], token.token) as back, opened(fleet.nodes[1], DAEMON) as daemon:
        await hands.perform(revocation_id)
        await hands.sql("UPDATE revocation SET published_at = NULL, audited_at = NULL")
        await asyncio.to_thread(perform, database, hands._publisher, revocation_id)
        await hands.sql(
            "INSERT INTO audit_event (type, outcome, account_id) VALUES ('session_revoke_all', 'success', %(id)s)",
            id=str(session.account_id),
        )
        for node in fleet.nodes:
            await _the_log_is_read(node)
        assert await echoes(back)
        assert await echoes(daemon)


async def _the_log_is_read(node: RunningNode) -> None:
    currency = node.node.holder.currency
    generation = currency.generation
    node.node.tail.ring("now")
    await eventually(lambda: currency.generation > generation)


async def test_all_but_this_session_end_and_tokens_stay(fleet, people, hands):
    """B29, B30."""
    session, _, _ = people
    await hands.revoke(end_all_own_sessions, caller=session.caller, except_current=True)
    assert await fleet.seen("sibling") == {REVOKED}
    await hands.sql(
        "INSERT INTO audit_event (type, outcome, account_id) VALUES ('session_revoke_all', 'success', %(id)s)",
        id=str(session.account_id),
    )
    for node in fleet.nodes:
        await _the_log_is_read(node)
    assert await fleet.echo("session", "token", "second", "daemon", "stranger")


async def test_an_admin_ends_all_sessions_of_somebody_and_keeps_their_own(fleet, people, hands, make):
    """B37."""
    admin = make.session(make.account(is_global_admin=True))
    await fleet.populate(admin=admin.token)
    session, _, _ = people
    await hands.revoke(end_all_account_sessions, caller=admin.caller, account_id=session.account_id)
    assert await fleet.seen("session") == await fleet.seen("sibling") == {REVOKED}
    assert await fleet.seen("token") == await fleet.seen("daemon") == {RECONNECT}
    assert await fleet.echo("admin", "stranger")


async def test_an_admin_who_ends_all_their_own_sessions_is_out_too(fleet, hands, make):
    """B38."""
    admin = make.session(make.account(is_global_admin=True))
    await fleet.populate(admin=admin.token, stranger=make.session().token)
    await hands.revoke(end_all_account_sessions, caller=admin.caller, account_id=admin.account_id)
    assert await fleet.seen("admin") == {REVOKED}
    assert await fleet.echo("stranger")


async def test_where_no_session_is_alive_none_ends_and_the_other_sockets_are_asked_to_come_back(
    fleet, hands, make, account
):
    """B28."""
    session = make.session(account)
    token = make.api_token(session)
    await hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id)
    await fleet.populate(token=token.token, daemon=DAEMON, stranger=make.session().token)
    admin = make.session(make.account(is_global_admin=True))
    revocation_id = await hands.revoke(
        end_all_account_sessions, caller=admin.caller, account_id=account.account_id
    )
    assert await fleet.seen("token") == await fleet.seen("daemon") == {RECONNECT}
    assert (await hands.receipt(revocation_id)).sessions_ended == 0
    async with opened(fleet.nodes[0], token.token) as back:
        assert await echoes(back)
    assert await fleet.echo("stranger")


async def test_all_tokens_end_and_sessions_are_asked_to_come_back(fleet, people, hands):
    """B26, the other way round."""
    session, _, token = people
    await hands.revoke(revoke_all_own_api_tokens, caller=session.caller)
    assert await fleet.seen("token") == await fleet.seen("second") == {(4001, "never")}
    assert await fleet.seen("session") == await fleet.seen("daemon") == {RECONNECT}
    async with opened(fleet.nodes[0], session.token) as back:
        assert await echoes(back)
    assert (await refused(fleet.nodes[1], token.token)).status == 401


async def test_a_log_out_ends_its_session_and_asks_the_others_to_come_back(fleet, people, hands):
    """B31."""
    session, sibling, _ = people
    await hands.revoke(request_logout, caller=session.caller)
    assert await fleet.seen("session") == {REVOKED}
    for name in ("sibling", "token", "second", "daemon"):
        assert await fleet.seen(name) == {RECONNECT}
    async with opened(fleet.nodes[1], sibling.token) as back:
        assert await echoes(back)
    assert await fleet.echo("stranger")


async def test_a_changed_password_ends_everything_but_the_daemon(fleet, people, hands):
    """B32."""
    from tests.builders import PASSWORD_HASH

    session, _, _ = people
    await hands.revoke(
        change_password, caller=session.caller, verified_hash=PASSWORD_HASH, new_hash=PASSWORD_HASH + "x"
    )
    assert await fleet.seen("session") == await fleet.seen("sibling") == {REVOKED}
    assert await fleet.seen("token") == {(4001, "never")}
    assert await fleet.seen("daemon") == {RECONNECT}


async def test_a_suspended_account_is_out_and_stays_out_but_for_its_daemon_when_it_is_lifted(
    fleet, people, hands, make, account, database
):
    """B40, B41."""
    session, _, token = people
    admin = make.session(make.account(is_global_admin=True))
    await hands.revoke(suspend_account, caller=admin.caller, account_id=account.account_id)
    assert await fleet.seen("session") == await fleet.seen("daemon") == {REVOKED}
    assert await fleet.seen("token") == {(4001, "never")}
    for presented in (session.token, token.token, DAEMON):
        answer = await refused(fleet.nodes[1], presented)
        assert (answer.status, answer.body["reason"]) == (401, "account_suspended")
    await asyncio.to_thread(
        database.transact, unsuspend_account, caller=admin.caller, account_id=account.account_id
    )
    for presented in (session.token, token.token):
        assert (await refused(fleet.nodes[0], presented)).body["reason"] == "account_suspended"
    async with opened(fleet.nodes[0], DAEMON) as daemon:
        assert await echoes(daemon)
    async with opened(fleet.nodes[0], make.session(account).token) as back:
        assert await echoes(back)


async def test_a_deleted_account_closes_everything_and_its_receipt_remains(
    fleet, people, hands, make, account
):
    """B42."""
    admin = make.session(make.account(is_global_admin=True))
    revocation_id = await hands.revoke(delete_account, caller=admin.caller, account_id=account.account_id)
    for name in ("session", "sibling", "daemon"):
        assert await fleet.seen(name) == {REVOKED}
    receipt = await hands.receipt(revocation_id, lambda receipt: receipt.closed == 10)
    assert receipt.account_id == account.account_id
    assert await fleet.echo("stranger")
