"""The database's clock has stepped back an hour: what was issued before lies in its future, and ends all the same."""

import pytest

from app.operations.change_password import change_password
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.request_logout import request_logout
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from tests.builders import PASSWORD_HASH
from tests.realtime.nodes import a_node, by_the_log_alone, echoes, opened, refused, seen_close

LATER = "UPDATE account SET last_instant = clock_timestamp() + interval '1 hour' WHERE id = %(id)s"

ENDS = {
    "one session": lambda s: (end_own_session, {"session_id": s.session_id}),
    "all sessions": lambda _: (end_all_own_sessions, {"except_current": False}),
    "log out": lambda _: (request_logout, {}),
    "password": lambda _: (change_password, {"verified_hash": PASSWORD_HASH, "new_hash": PASSWORD_HASH}),
}


@pytest.fixture
async def account(make, hands):
    """Whatever it is issued now was issued in an hour, by the clock as it stands."""
    account = make.account()
    await hands.sql(LATER, id=account.account_id)
    return account


@pytest.mark.parametrize("end", list(ENDS.values()), ids=list(ENDS))
async def test_a_session_issued_after_now_ends_with_its_sockets(settings, make, hands, account, end):
    """B49."""
    session, bystander = make.session(account), make.session()
    (row,) = await hands.sql("SELECT max(issued_at) > clock_timestamp() AS is_later FROM session")
    assert row["is_later"]
    operation, arguments = end(session)
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        async with opened(node, bystander.token) as other:
            await hands.revoke(operation, caller=session.caller, **arguments)
            assert (await seen_close(socket)).code == 4001
            assert (await refused(node, session.token)).status == 401
            assert await echoes(other)
        async with opened(node, make.session(account).token) as later:
            assert await echoes(later)


async def test_an_api_token_issued_after_now_ends_with_all_tokens(settings, make, hands, account):
    """B49."""
    session = make.session(account)
    token = make.api_token(session)
    async with a_node(by_the_log_alone(settings)) as node, opened(node, token.token) as socket:
        await hands.revoke(revoke_all_own_api_tokens, caller=session.caller)
        assert (await seen_close(socket)).code == 4001
        assert (await refused(node, token.token)).body["reason"] == "all_tokens_revoked"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE session SET terminated_at = now()",
        "UPDATE account SET suspended_at = now()",
        "UPDATE account SET sessions_ended_at = now()",
    ],
)
async def test_what_was_issued_after_now_ends_by_hand_as_well(settings, make, hands, account, statement):
    """B49."""
    session = make.session(account)
    async with a_node(by_the_log_alone(settings)) as node, opened(node, session.token) as socket:
        await hands.sql(statement)
        assert (await seen_close(socket)).code == 4001
        assert (await refused(node, session.token)).status == 401
