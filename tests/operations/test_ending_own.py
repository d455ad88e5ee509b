"""Ending one's own sessions and API tokens: ownership, idempotency, once however often."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.config import Settings
from app.data.engine import Database
from app.data.rows import all_rows, one_row, run
from app.data.session_repository import SessionRepository
from app.data.session_rows import SessionRow, find_session_of
from app.data.single_ends import request_session_end
from app.domain.closing import Reason
from app.domain.errors import Conflict, Forbidden, NotFound, Unauthenticated
from app.domain.ids import ApiTokenId, SessionId
from app.domain.paging import PageRequest
from app.domain.revocation_request import Idempotency, Requested
from app.operations.change_password import change_password
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.identify import identify
from app.operations.list_own_sessions import list_own_sessions
from app.operations.perform import perform
from app.operations.request_logout import request_logout
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from app.operations.revoke_own_api_token import revoke_own_api_token
from tests.builders import ADDRESS, PASSWORD_HASH, Builders, MadeSession
from tests.closure_rows import closures
from tests.lock_waits import wait_until_somebody_waits_for_a_lock
from tests.operations.performing import RecordingPublisher

Ask: TypeAlias = Callable[[Connection, MadeSession, Idempotency | None], Requested]


def key(word: str = "k", digest: str = "d") -> Idempotency:
    return Idempotency(key=word, request_digest=digest)


def revocations(db: Connection) -> int:
    return len(all_rows(db, "SELECT FROM revocation"))


def revocation(db: Connection, requested: Requested) -> dict[str, Any]:
    row = one_row(db, "SELECT * FROM revocation WHERE id = %(id)s", id=requested.revocation_id)
    assert row is not None
    return dict(row)


# One session ------------------------------------------------------------------------------------------------


def test_the_request_is_durable_and_nothing_has_ended_yet(make: Builders, db: Connection) -> None:
    session = make.session()
    requested = end_own_session(db, caller=session.caller, session_id=session.session_id)
    assert requested.is_new
    row = revocation(db, requested)
    assert row["target_id"] == session.session_id
    assert row["account_id"] == row["requested_by"] == session.account_id
    assert (row["kind"], row["reason"], row["source"]) == ("session_revoke", "session_revoked", "request")
    assert (row["requested_from"], row["credential_type"], row["performed_at"]) == (ADDRESS, "session", None)
    assert closures(db) == []


def test_a_foreign_and_an_unknown_id_get_the_same_answer_and_leave_nothing(
    make: Builders, db: Connection
) -> None:
    """B13."""
    mine, foreign = make.session(), make.session()
    for session_id in (foreign.session_id, SessionId(uuid7())):
        with pytest.raises(NotFound) as refused:
            end_own_session(db, caller=mine.caller, session_id=session_id)
        assert refused.value.what == "session"
    assert revocations(db) == 0
    assert closures(db) == []


def test_ending_it_again_while_it_is_pending_is_the_same_revocation(make: Builders, db: Connection) -> None:
    session = make.session()
    first = end_own_session(db, caller=session.caller, session_id=session.session_id)
    again = end_own_session(db, caller=session.caller, session_id=session.session_id)
    assert again.revocation_id == first.revocation_id
    assert not again.is_new


def test_ending_it_again_after_it_ended_gives_the_receipt_of_what_ended_it(
    make: Builders, db: Connection
) -> None:
    account = make.account()
    session, mine = make.session(account), make.session(account)
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=session.session_id)
    before = closures(db)
    again = end_own_session(db, caller=mine.caller, session_id=session.session_id)
    assert not again.is_new
    assert revocation(db, again)["source"] == "direct"
    assert closures(db) == before


def test_a_session_that_a_stamp_has_ended_has_the_receipt_of_the_stamp(
    make: Builders, db: Connection
) -> None:
    account = make.account()
    session, mine = make.session(account), make.session(account)
    all_of_them = end_all_own_sessions(db, caller=mine.caller, except_current=False)
    again = end_own_session(db, caller=mine.caller, session_id=session.session_id)
    assert again == Requested(revocation_id=all_of_them.revocation_id, is_new=False)


def test_an_end_without_a_receipt_gets_one_that_has_nothing_to_tell(make: Builders, db: Connection) -> None:
    account = make.account()
    session, mine = make.session(account), make.session(account)
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=session.session_id)
    run(db, "DELETE FROM closure")
    run(db, "DELETE FROM revocation")
    again = end_own_session(db, caller=mine.caller, session_id=session.session_id)
    assert not again.is_new
    row = revocation(db, again)
    assert None not in (row["performed_at"], row["published_at"], row["audited_at"])
    assert row["sessions_ended"] == 0
    assert closures(db) == []
    assert end_own_session(db, caller=mine.caller, session_id=session.session_id) == again


def test_an_expired_session_can_still_be_ended_since_it_could_be_refreshed(
    make: Builders, db: Connection
) -> None:
    account = make.account()
    session, mine = make.session(account), make.session(account)
    run(db, "UPDATE session SET expires_at = now() WHERE id = %(id)s", id=session.session_id)
    assert end_own_session(db, caller=mine.caller, session_id=session.session_id).is_new


def test_two_requests_at_once_are_one_revocation(make: Builders, database: Database) -> None:
    """B8: the second waits for the first, and finds it."""
    session = make.session()
    answers: list[Requested] = []

    def ask() -> None:
        with database.session() as other:
            answers.append(end_own_session(other, caller=session.caller, session_id=session.session_id))

    with database.session() as first:
        answers.append(end_own_session(first, caller=session.caller, session_id=session.session_id))
        second = threading.Thread(target=ask)
        second.start()
        wait_until_somebody_waits_for_a_lock(database)
    second.join(10)
    assert len({answer.revocation_id for answer in answers}) == 1
    assert [answer.is_new for answer in answers] == [True, False]


def test_what_is_performed_between_two_looks_is_not_asked_for_again(
    make: Builders, database: Database, settings: Settings
) -> None:
    """B8: the lock keeps others from asking, not from performing."""
    session = make.session()
    asked = database.transact(end_own_session, caller=session.caller, session_id=session.session_id)
    looks: list[SessionRow | None] = []

    def find() -> SessionRow | None:
        found = find_session_of(db, session.session_id, owner=session.caller.account_id)
        looks.append(found)
        if len(looks) == 1:
            perform(database, RecordingPublisher(settings), asked.revocation_id)
        return found

    with database.session() as db:
        again = request_session_end(
            db, caller=session.caller, session_id=session.session_id, find=find, idempotency=None
        )
    assert [look.is_ended for look in looks if look] == [False, True]
    assert again == Requested(revocation_id=asked.revocation_id, is_new=False)


def test_a_row_that_somebody_has_locked_does_not_hold_up_the_request(
    make: Builders, database: Database
) -> None:
    session = make.session()
    with database.session() as somebody, database.session() as db:
        run(somebody, "SELECT FROM session FOR UPDATE")
        run(db, "SET LOCAL lock_timeout = '100ms'")
        assert end_own_session(db, caller=session.caller, session_id=session.session_id).is_new


# Idempotency keys ---------------------------------------------------------------------------------------------

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


# The whole account ----------------------------------------------------------------------------------------------


def test_from_the_commit_on_all_sessions_are_dead_though_no_row_is_swept(
    make: Builders, db: Connection
) -> None:
    account = make.account()
    session, token = make.session(account), make.api_token(make.session(account))
    requested = end_all_own_sessions(db, caller=session.caller, except_current=False)
    with pytest.raises(Unauthenticated) as dead:
        identify(db, token=session.token, address=ADDRESS)
    assert dead.value.reason == "all_sessions_revoked"
    identify(db, token=token.token, address=ADDRESS)
    assert all_rows(db, "SELECT FROM session WHERE terminated_at IS NOT NULL") == []
    written = all_rows(db, "SELECT target_kind, invalidates, revocation_id FROM closure")
    assert [(r["target_kind"], r["invalidates"], r["revocation_id"]) for r in written] == [
        ("account", ["session"], requested.revocation_id)
    ]
    later = make_session_in(db, make, account)
    identify(db, token=later.token, address=ADDRESS)


def make_session_in(db: Connection, make: Builders, account: Any) -> MadeSession:
    db.commit()
    return make.session(account)


def test_all_but_this_stamps_nothing_and_names_whom_it_spares(make: Builders, db: Connection) -> None:
    account = make.account()
    mine, other = make.session(account), make.session(account)
    requested = end_all_own_sessions(db, caller=mine.caller, except_current=True)
    row = revocation(db, requested)
    assert row["sparing_session_id"] == mine.session_id
    assert row["issued_up_to"] is not None
    assert closures(db) == []
    identify(db, token=other.token, address=ADDRESS)


def test_all_tokens_are_dead_from_the_commit_on_and_sessions_are_not(make: Builders, db: Connection) -> None:
    session = make.session()
    token = make.api_token(session)
    revoke_all_own_api_tokens(db, caller=session.caller)
    with pytest.raises(Unauthenticated) as dead:
        identify(db, token=token.token, address=ADDRESS)
    assert dead.value.reason == "all_tokens_revoked"
    identify(db, token=session.token, address=ADDRESS)


def test_a_changed_password_ends_sessions_and_tokens_in_one_closure(make: Builders, db: Connection) -> None:
    session = make.session()
    token = make.api_token(session)
    change_password(db, caller=session.caller, verified_hash=PASSWORD_HASH, new_hash="new")
    for dead_token in (session.token, token.token):
        with pytest.raises(Unauthenticated) as dead:
            identify(db, token=dead_token, address=ADDRESS)
        assert dead.value.reason == "password_changed"
    rows = all_rows(db, "SELECT reason, invalidates FROM closure")
    assert [(row["reason"], row["invalidates"]) for row in rows] == [
        ("password_changed", ["session", "api_token"])
    ]


def test_hash_and_request_commit_together_or_not_at_all(make: Builders, db: Connection) -> None:
    """B33."""
    session = make.session()
    change_password(db, caller=session.caller, verified_hash=PASSWORD_HASH, new_hash="new")
    db.rollback()
    assert one_row(db, "SELECT password_hash, sessions_ended_at FROM account") == {
        "password_hash": PASSWORD_HASH,
        "sessions_ended_at": None,
    }
    assert revocations(db) == 0


def test_of_two_password_changes_at_once_one_wins_and_the_other_ends_nothing(
    make: Builders, database: Database
) -> None:
    """B35."""
    account = make.account()
    winner, loser = make.session(account), make.session(account)
    refusals: list[str] = []

    def change_too() -> None:
        try:
            with database.session() as other:
                change_password(other, caller=loser.caller, verified_hash=PASSWORD_HASH, new_hash="theirs")
        except Unauthenticated as refused:
            refusals.append(refused.reason)

    with database.session() as first:
        change_password(first, caller=winner.caller, verified_hash=PASSWORD_HASH, new_hash="mine")
        second = threading.Thread(target=change_too)
        second.start()
        wait_until_somebody_waits_for_a_lock(database)
    second.join(10)
    assert refusals == ["concurrent_change"]
    with database.session() as db:
        assert one_row(db, "SELECT password_hash FROM account") == {"password_hash": "mine"}
        assert revocations(db) == 1


def test_a_session_that_has_ended_changes_no_password(make: Builders, db: Connection) -> None:
    session = make.session()
    SessionRepository(db).terminate_session(session.session_id)
    with pytest.raises(Unauthenticated):
        change_password(db, caller=session.caller, verified_hash=PASSWORD_HASH, new_hash="new")


# Logging out, tokens, permissions ------------------------------------------------------------------------------


def test_a_logout_asks_for_the_end_of_the_own_session(make: Builders, db: Connection) -> None:
    session = make.session()
    row = revocation(db, request_logout(db, caller=session.caller))
    assert (row["kind"], row["reason"], row["target_id"]) == ("logout", "logged_out", session.session_id)


def test_revoking_a_token_again_or_somebody_elses_is_like_ending_a_session(
    make: Builders, db: Connection
) -> None:
    session = make.session()
    token, foreign = make.api_token(session), make.api_token()
    first = revoke_own_api_token(db, caller=session.caller, api_token_id=token.api_token_id)
    assert first.is_new
    again = revoke_own_api_token(db, caller=session.caller, api_token_id=token.api_token_id)
    assert again == replace(first, is_new=False)
    for api_token_id in (foreign.api_token_id, ApiTokenId(uuid7())):
        with pytest.raises(NotFound):
            revoke_own_api_token(db, caller=session.caller, api_token_id=api_token_id)
    assert revocations(db) == 1


def test_a_token_that_a_stamp_has_revoked_has_the_receipt_of_the_stamp(
    make: Builders, db: Connection
) -> None:
    session = make.session()
    token = make.api_token(session)
    all_of_them = revoke_all_own_api_tokens(db, caller=session.caller)
    again = revoke_own_api_token(db, caller=session.caller, api_token_id=token.api_token_id)
    assert again == Requested(revocation_id=all_of_them.revocation_id, is_new=False)


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


def test_only_live_sessions_are_listed_newest_first_in_pages(make: Builders, db: Connection) -> None:
    """B268."""
    account = make.account()
    gone, expired, first, second, mine = (make.session(account) for _ in range(5))
    make.session()
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=gone.session_id)
    run(db, "UPDATE session SET expires_at = clock_timestamp() WHERE id = %(id)s", id=expired.session_id)
    page = list_own_sessions(db, caller=mine.caller, page=PageRequest(limit=2))
    assert [each.session_id for each in page.items] == [mine.session_id, second.session_id]
    assert (page.items[0].device, page.items[0].ip_address) == ("Firefox on Linux", ADDRESS)
    rest = list_own_sessions(db, caller=mine.caller, page=PageRequest(limit=2, cursor=page.next_cursor))
    assert [each.session_id for each in rest.items] == [first.session_id]
    assert rest.next_cursor is None


def test_sessions_that_a_stamp_has_ended_are_not_listed(make: Builders, db: Connection) -> None:
    session = make.session()
    end_all_own_sessions(db, caller=session.caller, except_current=False)
    assert list_own_sessions(db, caller=session.caller, page=PageRequest()).items == ()


def test_terminating_all_counts_those_that_ended_now(make: Builders, db: Connection) -> None:
    """B24."""
    account = make.account()
    sessions = [make.session(account) for _ in range(4)]
    repository = SessionRepository(db)
    assert repository.terminate_session(sessions[0].session_id)
    assert not repository.terminate_session(sessions[0].session_id)
    ended = repository.terminate_all_sessions_by_user(
        account.account_id, reason=Reason.ALL_SESSIONS_REVOKED, sparing=sessions[1].session_id
    )
    assert ended == 2
    assert repository.terminate_all_sessions_by_user(account.account_id) == 1
    assert repository.terminate_all_sessions_by_user(account.account_id) == 0


def test_a_later_sign_in_survives_a_sweep_up_to_an_instant(make: Builders, db: Connection) -> None:
    account = make.account()
    before = make.session(account)
    row = one_row(db, "SELECT last_instant FROM account WHERE id = %(id)s", id=account.account_id)
    assert row is not None
    db.commit()
    after = make.session(account)
    ended = SessionRepository(db).terminate_all_sessions_by_user(
        account.account_id, issued_up_to=row["last_instant"]
    )
    assert ended == 1
    alive = all_rows(db, "SELECT id FROM session WHERE terminated_at IS NULL")
    assert [row["id"] for row in alive] == [after.session_id]
    assert before.session_id != after.session_id


def test_ended_sessions_take_their_refresh_chains_with_them_in_one_transaction(
    make: Builders, db: Connection
) -> None:
    """B24, B221."""
    account = make.account()
    one, _other = make.session(account), make.session(account)
    repository = SessionRepository(db)
    repository.terminate_session(one.session_id)
    repository.terminate_all_sessions_by_user(account.account_id)
    assert all_rows(db, "SELECT FROM refresh_token WHERE invalidated_at IS NULL") == []
    db.rollback()
    assert all_rows(db, "SELECT FROM refresh_token WHERE invalidated_at IS NOT NULL") == []


def test_five_thousand_sessions_end_in_one_statement(make: Builders, db: Connection) -> None:
    account = make.account()
    make.many_sessions(account, 5_000)
    run(db, "SET LOCAL statement_timeout = '30s'")
    assert SessionRepository(db).terminate_all_sessions_by_user(account.account_id) == 5_000
