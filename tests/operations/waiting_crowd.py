"""Revocations of one session or token each, of as many accounts, that wait for longer than a task takes to come."""

from dataclasses import dataclass

from app.data.engine import Database
from app.domain.ids import RevocationId
from app.operations.end_own_session import end_own_session
from app.operations.revoke_own_api_token import revoke_own_api_token
from tests.builders import Builders, MadeSession, MadeToken
from tests.operations.performing import Facts


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A revocation, and whose it is; `token` where it is that which is to end, not the session."""

    revocation_id: RevocationId
    session: MadeSession
    token: MadeToken | None = None


def end_of(database: Database, session: MadeSession) -> Asked:
    with database.session() as db:
        asked = end_own_session(db, caller=session.caller, session_id=session.session_id)
    return Asked(revocation_id=asked.revocation_id, session=session)


def end_of_token(database: Database, make: Builders) -> Asked:
    session = make.session()
    token = make.api_token(session)
    with database.session() as db:
        asked = revoke_own_api_token(db, caller=session.caller, api_token_id=token.api_token_id)
    return Asked(revocation_id=asked.revocation_id, session=session, token=token)


def crowd_of(database: Database, make: Builders, count: int) -> list[Asked]:
    """Sessions, each of an account of its own."""
    return [end_of(database, make.session()) for _ in range(count)]


def let_them_wait(facts: Facts, *asked: Asked) -> None:
    """Those have been asked for a little while ago, all at one moment."""
    facts.run(
        """
        UPDATE revocation SET requested_at = clock_timestamp() - interval '100 milliseconds' WHERE id = ANY(%(ids)s)
        """,
        ids=[each.revocation_id for each in asked],
    )
