"""The ways in which credentials end, each with whoever should go, and whoever should stay.

4001 says that the credential is dead; 4005, to sockets of the same account whose credential lives, to come back.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.cli.demo.api import Answer
from app.cli.demo.cast import Cast
from app.cli.demo.people import SignedIn
from app.cli.demo.stage import Act, Stage

__all__ = ["SCENARIOS", "Scenario"]

REVOKED = 4001
RECONNECT = 4005
SHORT_GRANT = timedelta(seconds=3)
LONG_GRANT = timedelta(hours=1)

Scenario = Callable[[Stage, Cast], Awaitable[Act]]


async def end_one_session(stage: Stage, cast: Cast) -> Act:
    """Its sockets go; those of its sibling and of an API token stay."""
    person = await stage.people.person()
    ended, sibling = await stage.people.sign_in(person), await stage.people.sign_in(person)
    api_token = await stage.people.api_token(sibling)
    await cast.enter(ended.token, ends_with=REVOKED, per_node=2)
    await cast.enter(sibling.token, ends_with=None)
    await cast.enter(api_token.token, ends_with=None)
    return _asked(await sibling.call("DELETE", f"sessions/{ended.session_id}"))


async def end_all_but_this(stage: Stage, cast: Cast) -> Act:
    """The other sessions' sockets go; the caller's, and the API token's, stay."""
    person = await stage.people.person()
    caller = await stage.people.sign_in(person)
    others = [await stage.people.sign_in(person) for _ in range(2)]
    api_token = await stage.people.api_token(caller)
    for other in others:
        await cast.enter(other.token, ends_with=REVOKED)
    await cast.enter(caller.token, ends_with=None)
    await cast.enter(api_token.token, ends_with=None)
    return _asked(await caller.call("POST", "sessions/terminate-all", {"except_current": True}))


async def revoke_an_api_token(stage: Stage, cast: Cast) -> Act:
    """Its sockets go; those of another token and of the session stay."""
    person = await stage.people.person()
    owner = await stage.people.sign_in(person)
    revoked, other = await stage.people.api_token(owner), await stage.people.api_token(owner)
    await cast.enter(revoked.token, ends_with=REVOKED, per_node=2)
    await cast.enter(other.token, ends_with=None)
    await cast.enter(owner.token, ends_with=None)
    return _asked(await owner.call("DELETE", f"api-tokens/{revoked.token_id}"))


async def log_out(stage: Stage, cast: Cast) -> Act:
    """The session's sockets go; the account's others are told to come back, and can."""
    person = await stage.people.person()
    leaving, sibling = await stage.people.sign_in(person), await stage.people.sign_in(person)
    api_token = await stage.people.api_token(sibling)
    await cast.enter(leaving.token, ends_with=REVOKED)
    await cast.enter(sibling.token, ends_with=RECONNECT)
    await cast.enter(api_token.token, ends_with=RECONNECT)
    return _asked(await leaving.call("POST", "auth/logout"))


async def change_the_password(stage: Stage, cast: Cast) -> Act:
    """Every session and API token of the account ends, the caller's too."""
    person = await stage.people.person()
    caller, other = await stage.people.sign_in(person), await stage.people.sign_in(person)
    api_token = await stage.people.api_token(caller)
    for token in (caller.token, other.token, api_token.token):
        await cast.enter(token, ends_with=REVOKED)
    body = {"current_password": person.password, "new_password": f"{person.password}, changed"}
    return _asked(await caller.call("POST", "auth/password", body))


async def admin_ends_sessions(stage: Stage, cast: Cast) -> Act:
    """The account's sessions end, its API token's sockets come back; the admin's own stay."""
    person = await stage.people.person()
    session = await stage.people.sign_in(person)
    api_token = await stage.people.api_token(session)
    await cast.enter(session.token, ends_with=REVOKED, per_node=2)
    await cast.enter(api_token.token, ends_with=RECONNECT)
    await cast.enter(stage.global_admin.token, ends_with=None)
    path = f"admin/accounts/{person.account_id}/sessions/terminate-all"
    return _asked(await stage.global_admin.call("POST", path))


async def suspend_an_account(stage: Stage, cast: Cast) -> Act:
    """Everything of the account goes, for good."""
    person = await stage.people.person()
    session = await stage.people.sign_in(person)
    api_token = await stage.people.api_token(session)
    await cast.enter(session.token, ends_with=REVOKED)
    await cast.enter(api_token.token, ends_with=REVOKED)
    await cast.enter(stage.global_admin.token, ends_with=None)
    return _asked(await stage.global_admin.call("POST", f"admin/accounts/{person.account_id}/suspend"))


async def support_access_expires(stage: Stage, cast: Cast) -> Act:
    """At the grant's end its support session's sockets go, by the clock alone; those under another grant stay."""
    grantor, org_id = await _organization(stage)
    long_grant = await _grant(stage, grantor, org_id, LONG_GRANT)
    await cast.enter(await _support_session(stage, org_id, long_grant), ends_with=None)
    grant = await _grant(stage, grantor, org_id, SHORT_GRANT)
    await cast.enter(await _support_session(stage, org_id, grant), ends_with=REVOKED, per_node=2)
    await cast.enter(stage.global_admin.token, ends_with=None)
    ends_at = datetime.fromisoformat(grant["expires_at"])
    return Act(at=await stage.instant_of(ends_at), source="expiry", target_id=UUID(grant["id"]))


async def support_access_is_revoked(stage: Stage, cast: Cast) -> Act:
    """The organization takes the grant back, and the support session's sockets go."""
    grantor, org_id = await _organization(stage)
    grant = await _grant(stage, grantor, org_id, LONG_GRANT)
    await cast.enter(await _support_session(stage, org_id, grant), ends_with=REVOKED, per_node=2)
    await cast.enter(stage.global_admin.token, ends_with=None)
    await cast.enter(grantor.token, ends_with=None)
    return _asked(await grantor.call("DELETE", f"orgs/{org_id}/support-grants/{grant['id']}"))


async def end_a_session_with_sql(stage: Stage, cast: Cast) -> Act:
    """Nobody is told: the trigger writes the closure, and the nodes read it."""
    person = await stage.people.person()
    ended, sibling = await stage.people.sign_in(person), await stage.people.sign_in(person)
    await cast.enter(ended.token, ends_with=REVOKED, per_node=2)
    await cast.enter(sibling.token, ends_with=None)
    statement = "UPDATE session SET terminated_at = now() WHERE id = %(session_id)s"
    committed_at = await stage.sql(statement, session_id=ended.session_id)
    return Act(at=committed_at, source="direct", target_id=person.account_id)


SCENARIOS: Mapping[str, Scenario] = {
    "end one session": end_one_session,
    "end all but this session": end_all_but_this,
    "revoke an API token": revoke_an_api_token,
    "log out": log_out,
    "change the password": change_the_password,
    "admin ends an account's sessions": admin_ends_sessions,
    "suspend an account": suspend_an_account,
    "support access expires": support_access_expires,
    "support access is revoked": support_access_is_revoked,
    "end a session with plain SQL": end_a_session_with_sql,
}


def _asked(answer: Answer) -> Act:
    return Act(at=answer.sent_at, receipt_id=str(answer.body["id"]))


async def _organization(stage: Stage) -> tuple[SignedIn, UUID]:
    grantor = await stage.people.person()
    org_id = await stage.people.organization(grantor)
    return await stage.people.sign_in(grantor), org_id


async def _grant(stage: Stage, grantor: SignedIn, org_id: UUID, lasting: timedelta) -> dict[str, Any]:
    expires_at = await stage.database_time() + lasting
    body = {"expires_at": expires_at.isoformat(), "reason": "the demo"}
    grant: dict[str, Any] = (await grantor.call("POST", f"orgs/{org_id}/support-grants", body)).body
    return grant


async def _support_session(stage: Stage, org_id: UUID, grant: dict[str, Any]) -> str:
    answer = await stage.global_admin.call(
        "POST", f"orgs/{org_id}/support-sessions", {"grant_id": grant["id"]}
    )
    return str(answer.body["session_token"])
