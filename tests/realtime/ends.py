"""One way each in which a credential ends: for tests that must hold for all of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.revoke_own_api_token import revoke_own_api_token
from tests.builders import Builders
from tests.realtime.hands import Hands

__all__ = ["Kind", "every_kind"]

Kind = Callable[[Builders, Hands], Awaitable[tuple[str, Callable[[], Awaitable[Any]], str]]]
"""Makes a credential: its token, what ends it, and the reason that is told then."""


async def by_session(make: Builders, hands: Hands):
    session = make.session()
    return (
        session.token,
        lambda: hands.revoke(end_own_session, caller=session.caller, session_id=session.session_id),
        "session_revoked",
    )


async def by_token(make: Builders, hands: Hands):
    session = make.session()
    token = make.api_token(session)
    return (
        token.token,
        lambda: hands.revoke(revoke_own_api_token, caller=session.caller, api_token_id=token.api_token_id),
        "token_revoked",
    )


async def by_account(make: Builders, hands: Hands):
    session = make.session()
    return (
        session.token,
        lambda: hands.revoke(end_all_own_sessions, caller=session.caller, except_current=False),
        "all_sessions_revoked",
    )


async def by_suspension(make: Builders, hands: Hands):
    token = make.api_token()
    suspend = "UPDATE account SET suspended_at = now() WHERE id = %(id)s"
    return token.token, lambda: hands.sql(suspend, id=token.account_id), "account_suspended"


async def by_grant(make: Builders, hands: Hands):
    organization = make.organization()
    admin = make.session(make.account(is_global_admin=True))
    grant = make.grant(organization)
    support = make.support_session(organization, admin)
    revoke = "UPDATE support_access_grant SET revoked_at = now() WHERE id = %(id)s"
    return support.token, lambda: hands.sql(revoke, id=grant.grant_id), "support_access_revoked"


async def by_the_clock(make: Builders, hands: Hands):
    session = make.session()
    expire = "UPDATE session SET expires_at = now() WHERE token_hash = %(hash)s"
    return session.token, lambda: hands.sql(expire, hash=session.token_hash), "session_expired"


every_kind = pytest.mark.parametrize(
    "kind", [by_session, by_token, by_account, by_suspension, by_grant, by_the_clock]
)
