"""Asked for in one round trip, or looked at in a transaction: it is the same request, once, whichever way it comes."""

import threading
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.rows import all_rows
from app.domain.errors import Conflict, NotFound
from app.domain.ids import ApiTokenId, SessionId
from app.domain.revocation_request import Idempotency, Requested
from app.operations.end_own_session import end_own_session, end_own_session_at_once
from app.operations.request_logout import request_logout, request_logout_at_once
from app.operations.revoke_own_api_token import revoke_own_api_token, revoke_own_api_token_at_once
from benchmarks.stacks.round_trips import round_trips_of
from tests.builders import Builders
from tests.lock_waits import wait_until_somebody_waits_for_a_lock

Ask: TypeAlias = Callable[..., Requested]

ENDS: dict[str, tuple[Ask, Ask, str]] = {
    "session": (end_own_session_at_once, end_own_session, "session_id"),
    "logout": (request_logout_at_once, request_logout, ""),
    "token": (revoke_own_api_token_at_once, revoke_own_api_token, "api_token_id"),
}
ITS_OWN = {"id", "target_id", "requested_at", "account_id", "requested_by"}
OVER = [
    "UPDATE session SET terminated_at = now()",
    "UPDATE api_token SET revoked_at = now()",
    "UPDATE account SET sessions_ended_at = clock_timestamp(), tokens_revoked_at = clock_timestamp()",
]


class World:
    """One account's session and token; asking for the end of one of them, at once and in a transaction."""

    def __init__(self, database: Database, make: Builders, what: str) -> None:
        self.database, self.make = database, make
        self._at_once, self._in_a_transaction, self._name = ENDS[what]
        self.session = make.session()
        self.target_id: Any = self.session.session_id
        if self._name == "api_token_id":
            self.target_id = make.api_token(self.session).api_token_id

    def ask(self, target_id: object = None, key: Idempotency | None = None) -> Requested:
        return self._at_once(self.database, idempotency=key, **self._about(target_id))

    def ask_slowly(self, key: Idempotency | None = None) -> Requested:
        return self.database.transact(self.ask_in, key)

    def ask_in(self, db: Connection, key: Idempotency | None = None) -> Requested:
        return self._in_a_transaction(db, idempotency=key, **self._about(None))

    def another(self) -> "World":
        return World(self.database, self.make, next(k for k, v in ENDS.items() if v[0] is self._at_once))

    def rows(self) -> list[dict[str, Any]]:
        with self.database.session() as db:
            return [dict(row) for row in all_rows(db, "SELECT * FROM revocation ORDER BY requested_at")]

    def _about(self, target_id: object) -> dict[str, Any]:
        named = {self._name: target_id or self.target_id} if self._name else {}
        return {"caller": self.session.caller, **named}


@pytest.fixture(params=list(ENDS))
def world(request: pytest.FixtureRequest, database: Database, make: Builders) -> World:
    return World(database, make, request.param)


def key(digest: str = "this request") -> Idempotency:
    return Idempotency(key="again", request_digest=digest)


def test_it_is_one_round_trip_and_the_same_row_as_in_a_transaction(world: World) -> None:
    asked: list[Requested] = []
    other = world.another()
    assert round_trips_of(world.database.engine, lambda: asked.append(world.ask(key=key()))) == 1
    other.ask_slowly(key=key())
    here, there = world.rows()
    assert asked[0].is_new
    assert asked[0].revocation_id == here["id"]
    assert asked[0].receipt is not None
    assert (here["target_id"], here["account_id"]) == (world.target_id, world.session.account_id)
    assert {name: here[name] for name in here.keys() - ITS_OWN} == {
        name: there[name] for name in there.keys() - ITS_OWN
    }


def test_with_and_without_a_key_it_is_asked_for_once(world: World) -> None:
    """B8, B67."""
    first = world.ask()
    again = Requested(revocation_id=first.revocation_id, is_new=False)
    assert [world.ask(), world.ask(key=key()), world.ask(key=key()), world.ask_slowly(key=key())] == [
        again
    ] * 4
    assert len(world.rows()) == 1


def test_a_key_that_came_before_is_answered_as_before_and_refused_for_another_request(world: World) -> None:
    """B67."""
    first = world.ask(key=key())
    assert world.ask(key=key()).revocation_id == first.revocation_id
    with pytest.raises(Conflict):
        world.ask(key=key("another"))
    assert len(world.rows()) == 1


@pytest.mark.parametrize("world", ["session", "token"], indirect=True)
def test_a_foreign_and_an_unknown_target_are_not_found(world: World) -> None:
    """B13."""
    for target_id in (world.another().target_id, uuid7()):
        with pytest.raises(NotFound):
            world.ask(SessionId(target_id) if world._name == "session_id" else ApiTokenId(target_id))
    assert world.rows() == []


@pytest.mark.parametrize("over", OVER, ids=["the session", "the token", "all by a stamp"])
def test_what_is_over_for_a_transaction_is_over_at_once(world: World, over: str) -> None:
    """The rule stands in SQL twice, and is one."""
    with world.database.session() as db:
        db.exec_driver_sql(over)
    other = world.another()
    with world.database.session() as db:
        db.exec_driver_sql(over)
    assert world.ask().is_new == other.ask_slowly().is_new


def test_what_has_expired_can_still_be_ended(world: World) -> None:
    with world.database.session() as db:
        db.exec_driver_sql("UPDATE session SET expires_at = issued_at")
        db.exec_driver_sql("UPDATE api_token SET expires_at = issued_at")
    assert world.ask().is_new


def test_two_at_the_same_moment_are_one_revocation(world: World) -> None:
    """B8: both ways take the same lock, and who comes second sees what the first has done."""
    answers: list[Requested] = []
    second = threading.Thread(target=lambda: answers.append(world.ask()))
    with world.database.session() as db:
        answers.append(world.ask_in(db))
        second.start()
        wait_until_somebody_waits_for_a_lock(world.database)
    second.join(10)
    assert [answer.is_new for answer in answers] == [True, False]
    assert len(world.rows()) == 1


def test_one_key_for_two_requests_at_the_same_moment_is_one_answer_and_one_refusal(
    database: Database, make: Builders
) -> None:
    """B67: the key's lock comes first, so that an answer is seen that an earlier revocation gave."""
    account = make.account()
    one, other = make.session(account), make.session(account)
    refused: list[str] = []

    def ask_for_the_other() -> None:
        with pytest.raises(Conflict) as conflict:
            end_own_session_at_once(
                database, caller=one.caller, session_id=other.session_id, idempotency=key("other")
            )
        refused.append(conflict.value.rule)

    end_own_session_at_once(database, caller=one.caller, session_id=one.session_id)
    with database.session() as db:
        end_own_session(db, caller=one.caller, session_id=one.session_id, idempotency=key("one"))
        second = threading.Thread(target=ask_for_the_other)
        second.start()
        wait_until_somebody_waits_for_a_lock(database)
    second.join(10)
    assert refused == ["idempotency_key_reused"]
