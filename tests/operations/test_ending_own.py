"""Asking with an idempotency key to end what is one's own, and who may not ask."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest
from sqlalchemy import Connection

from app.data.engine import Database
from app.domain.errors import Conflict, Forbidden
from app.domain.revocation_request import Idempotency, Requested
from app.operations.change_password import change_password
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.request_logout import request_logout
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from tests.builders import PASSWORD_HASH, Builders, MadeSession
from tests.closure_rows import closures
from tests.lock_waits import wait_until_somebody_waits_for_a_lock
from tests.operations.revocation_rows import revocations

Ask: TypeAlias = Callable[[Connection, MadeSession, Idempotency | None], Requested]


def key(word: str = "k", digest: str = "d") -> Idempotency:
    return Idempotency(key=word, request_digest=digest)


ASKS: dict[str, Ask] = {
    "end one": lambda db, s, k: end_own_session(db, caller=s.caller, session_id=s.session_id, idempotency=k),
    "end all": lambda db, s, k: end_all_own_sessions(
        db, caller=s.caller, except_current=False, idempotency=k
    ),
    "end others": lambda db, s, k: end_all_own_sessions(
        db, caller=s.caller, except_current=True, idempotency=k
    ),
    "log out": lambda db, s, k: request_logout(db, caller=s.caller, idempotency=k),
    "revoke tokens": lambda db, s, k: revoke_all_own_api_tokens(db, caller=s.caller, idempotency=k),
    "change password": lambda db, s, k: change_password(
        db, caller=s.caller, verified_hash=PASSWORD_HASH, new_hash="new", idempotency=k
    ),
}


asks = pytest.mark.parametrize("ask", list(ASKS.values()), ids=list(ASKS))


@asks
def test_the_same_key_with_the_same_request_is_the_same_revocation(
    make: Builders, db: Connection, ask: Ask
) -> None:
    session = make.session()
    first = ask(db, session, key())
    written = closures(db)
    again = ask(db, session, key())
    assert again == Requested(revocation_id=first.revocation_id, is_new=False)
    assert revocations(db) == 1
    assert closures(db) == written


@asks
def test_the_same_key_with_another_request_is_refused(make: Builders, db: Connection, ask: Ask) -> None:
    session = make.session()
    ask(db, session, key(digest="one"))
    with pytest.raises(Conflict) as refused:
        ask(db, session, key(digest="another"))
    assert refused.value.rule == "idempotency_key_reused"
    assert revocations(db) == 1


def test_the_same_key_of_another_account_is_another_key(make: Builders, db: Connection) -> None:
    one, other = make.session(), make.session()
    first = end_own_session(db, caller=one.caller, session_id=one.session_id, idempotency=key())
    second = end_own_session(db, caller=other.caller, session_id=other.session_id, idempotency=key())
    assert first.revocation_id != second.revocation_id


@asks
def test_the_same_key_at_the_same_moment_is_one_revocation(
    make: Builders, database: Database, ask: Ask
) -> None:
    """B67."""
    session = make.session()
    answers: list[Requested] = []

    def again() -> None:
        with database.session() as other:
            answers.append(ask(other, session, key()))

    with database.session() as first:
        answers.append(ask(first, session, key()))
        second = threading.Thread(target=again)
        second.start()
        wait_until_somebody_waits_for_a_lock(database)
    second.join(10)
    assert len({answer.revocation_id for answer in answers}) == 1
    assert sorted(answer.is_new for answer in answers) == [False, True]


def test_the_same_key_at_the_same_moment_for_two_targets_is_one_end_and_one_refusal(
    make: Builders, database: Database
) -> None:
    account = make.account()
    one, other = make.session(account), make.session(account)
    refusals: list[str] = []

    def ask_for_the_other() -> None:
        try:
            with database.session() as db:
                end_own_session(
                    db, caller=one.caller, session_id=other.session_id, idempotency=key(digest="other")
                )
        except Conflict as refused:
            refusals.append(refused.rule)

    with database.session() as first:
        end_own_session(first, caller=one.caller, session_id=one.session_id, idempotency=key(digest="one"))
        second = threading.Thread(target=ask_for_the_other)
        second.start()
        wait_until_somebody_waits_for_a_lock(database)
    second.join(10)
    assert refusals == ["idempotency_key_reused"]


@asks
def test_an_api_token_ends_nothing_of_its_account(make: Builders, db: Connection, ask: Ask) -> None:
    session = make.session()
    token = make.api_token(session)
    with pytest.raises(Forbidden):
        ask(db, replace(session, caller=token.caller), None)
    assert revocations(db) == 0


@pytest.mark.parametrize("name", [name for name in ASKS if name != "log out"])
def test_a_support_session_ends_nothing_of_its_account_but_itself(
    make: Builders, db: Connection, name: str
) -> None:
    organization = make.organization()
    make.grant(organization)
    support = make.support_session(organization, make.session(make.account("ga", is_global_admin=True)))
    with pytest.raises(Forbidden):
        ASKS[name](db, support, None)
    assert request_logout(db, caller=support.caller).is_new
