"""What a preview says is what then ends: on two nodes, with sockets on every kind of credential."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from app.domain.previews import AccountAct, Preview
from app.operations.delete_account import delete_account
from app.operations.end_account_session import end_account_session
from app.operations.end_all_account_sessions import end_all_account_sessions
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.preview_revocation import (
    preview_account_act,
    preview_account_session,
    preview_all_own_api_tokens,
    preview_all_own_sessions,
    preview_own_api_token,
    preview_own_session,
    preview_support_grant,
)
from app.operations.revoke_all_account_tokens import revoke_all_account_tokens
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from app.operations.revoke_own_api_token import revoke_own_api_token
from app.operations.revoke_support_grant import revoke_support_grant
from app.operations.suspend_account import suspend_account
from tests.builders import Builders, MadeAccount, MadeOrganization, MadeSession, MadeToken
from tests.realtime.nodes import a_node, opened, quick


@dataclass(frozen=True)
class Cast:
    """A Global Admin who works under a grant as well, the one who acts, and a bystander; some of each one's credentials."""

    account: MadeAccount
    sessions: tuple[MadeSession, ...]
    tokens: tuple[MadeToken, ...]
    support: MadeSession
    organization: MadeOrganization
    grant_id: Any
    admin: MadeSession
    bystander: MadeSession


def cast_of(make: Builders) -> Cast:
    account = make.account("ada", is_global_admin=True)
    sessions = tuple(make.session(account) for _ in range(3))
    organization = make.organization()
    grant = make.grant(organization)
    return Cast(
        account=account,
        sessions=sessions,
        tokens=(make.api_token(sessions[0]), make.api_token(sessions[0])),
        support=make.support_session(organization, sessions[0]),
        organization=organization,
        grant_id=grant.grant_id,
        admin=make.session(make.account(is_global_admin=True)),
        bystander=make.session(),
    )


def on_account(cast: Cast) -> dict[str, Any]:
    return {"caller": cast.admin.caller, "account_id": cast.account.account_id}


Ask = tuple[Callable[..., Any], dict[str, Any]]
PREVIEW_AND_ACT: dict[str, Callable[[Cast], tuple[Ask, Ask]]] = {
    "own session": lambda cast: (
        (
            preview_own_session,
            same := {"caller": cast.sessions[0].caller, "session_id": cast.sessions[1].session_id},
        ),
        (end_own_session, same),
    ),
    "all own sessions": lambda cast: (
        (preview_all_own_sessions, same := {"caller": cast.sessions[0].caller, "except_current": False}),
        (end_all_own_sessions, same),
    ),
    "all but this": lambda cast: (
        (preview_all_own_sessions, same := {"caller": cast.sessions[0].caller, "except_current": True}),
        (end_all_own_sessions, same),
    ),
    "own token": lambda cast: (
        (
            preview_own_api_token,
            same := {"caller": cast.sessions[0].caller, "api_token_id": cast.tokens[0].api_token_id},
        ),
        (revoke_own_api_token, same),
    ),
    "all own tokens": lambda cast: (
        (preview_all_own_api_tokens, same := {"caller": cast.sessions[0].caller}),
        (revoke_all_own_api_tokens, same),
    ),
    "somebody's session": lambda cast: (
        (
            preview_account_session,
            same := {"caller": cast.admin.caller, "session_id": cast.support.session_id},
        ),
        (end_account_session, same),
    ),
    "an account's sessions": lambda cast: (
        (preview_account_act, {**on_account(cast), "act": AccountAct.SESSIONS}),
        (end_all_account_sessions, on_account(cast)),
    ),
    "an account's tokens": lambda cast: (
        (preview_account_act, {**on_account(cast), "act": AccountAct.TOKENS}),
        (revoke_all_account_tokens, on_account(cast)),
    ),
    "suspend": lambda cast: (
        (preview_account_act, {**on_account(cast), "act": AccountAct.SUSPEND}),
        (suspend_account, on_account(cast)),
    ),
    "delete": lambda cast: (
        (preview_account_act, {**on_account(cast), "act": AccountAct.DELETE}),
        (delete_account, on_account(cast)),
    ),
    "grant": lambda cast: (
        (
            preview_support_grant,
            same := {
                "caller": cast.organization.admin.caller,
                "org": cast.organization.slug,
                "grant_id": cast.grant_id,
            },
        ),
        (revoke_support_grant, same),
    ),
}


@pytest.mark.parametrize("act", PREVIEW_AND_ACT)
async def test_what_the_preview_says_is_what_then_ends(act: str, settings, make, hands, database):
    """B268: sessions, tokens and sockets, each counted by itself after the act."""
    cast = cast_of(make)
    (preview_operation, what), (operation, parameters) = PREVIEW_AND_ACT[act](cast)
    tokens = [
        *(session.token for session in cast.sessions[:2]),
        cast.sessions[1].token,
        *(token.token for token in cast.tokens),
        cast.tokens[0].token,
        cast.support.token,
        cast.admin.token,
        cast.bystander.token,
    ]
    async with a_node(quick(settings)) as one, a_node(quick(settings)) as two, AsyncExitStack() as sockets:
        nodes = (one, two)
        open_ones = [
            await sockets.enter_async_context(opened(nodes[number % 2], token))
            for number, token in enumerate(tokens)
        ]
        async with asyncio.timeout(10):
            while (await hands.sql("SELECT coalesce(sum(sockets), 0)::int AS n FROM open_socket_now"))[0][
                "n"
            ] < len(tokens):
                await asyncio.sleep(0.02)
        preview: Preview = await asyncio.to_thread(database.transact, preview_operation, **what)
        revocation_id = await hands.revoke(operation, **parameters)
        total = preview.closes + preview.reconnects
        receipt = await hands.receipt(
            revocation_id, lambda receipt: receipt.is_confirmed and receipt.closed >= total
        )
        codes = Counter([await ended(socket) for socket in open_ones])
    assert (codes[4001], codes[4005]) == (preview.closes, preview.reconnects)
    assert (receipt.sessions_ended, receipt.tokens_ended, receipt.grants_ended) == (
        preview.sessions,
        preview.api_tokens,
        preview.grants,
    )
    assert len([node for node in receipt.nodes if node.closed]) == preview.nodes
    assert preview.closes > 0


async def ended(socket: ClientConnection) -> int:
    """The code it was closed with; 0 if it goes on. The receipt is in: whatever closes, has."""
    try:
        await socket.send('{"type": "echo", "id": 1, "payload": "here"}')
        if "here" in str(await socket.recv()):
            return 0
        await socket.recv()
    except ConnectionClosed as closed:
        return 1006 if closed.rcvd is None else closed.rcvd.code
    raise AssertionError("it said that it closes, and did not")
