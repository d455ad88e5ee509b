"""Signing in: passwords, limits, and the instant of issue under the account's lock."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection, exc

from app.data.accounts import stamp_ended, take_instant
from app.data.engine import Database
from app.data.rows import all_rows, one_row, run
from app.domain.closing import Reason
from app.domain.credentials import CredentialType, TokenKind, hash_token, kind_of_token
from app.domain.errors import RateLimited, Unauthenticated
from app.operations.find_sign_in import FoundSignIn, find_sign_in
from app.operations.identify import identify
from app.operations.passwords import hash_password, verify_password
from app.operations.record_sign_in_failure import record_sign_in_failure
from app.operations.start_session import StartedSession, start_session
from tests.builders import ADDRESS, FIREFOX, PASSWORD, PASSWORD_HASH, Builders, MadeAccount, random_token
from tests.lock_waits import wait_until_somebody_waits_for_a_lock

ATTEMPTS = 3


def found(account: MadeAccount) -> FoundSignIn:
    return FoundSignIn(email=account.email, account_id=account.account_id, password_hash=PASSWORD_HASH)


def sign_in(db: Connection, account: MadeAccount) -> StartedSession:
    return start_session(
        db,
        found=found(account),
        address=ADDRESS,
        user_agent=FIREFOX,
        lifetime=timedelta(hours=1),
        absolute_lifetime=timedelta(days=30),
    )


def test_an_address_in_any_case_finds_the_account(make: Builders, db: Connection) -> None:
    account = make.account()
    answer = find_sign_in(db, email=f"  {account.email.upper()} ", address=ADDRESS, attempts=ATTEMPTS)
    assert answer.account_id == account.account_id
    assert verify_password(answer.password_hash, PASSWORD)


def test_an_unknown_address_is_answered_without_account_or_hash(db: Connection) -> None:
    answer = find_sign_in(db, email="nobody@example.com\0", address=ADDRESS, attempts=ATTEMPTS)
    assert (answer.account_id, answer.password_hash) == (None, None)


@pytest.mark.parametrize("password", ["", PASSWORD, "x" * 5000, "\ud800", "päßwörd"])
def test_without_a_hash_no_password_is_right(password: str) -> None:
    assert not verify_password(None, password)


def test_a_hash_verifies_its_own_password_only() -> None:
    stored = hash_password("päßwörd")
    assert verify_password(stored, "päßwörd")
    assert not verify_password(stored, "passwort")
    assert not verify_password("no hash at all", "päßwörd")


@pytest.mark.parametrize("is_known", [True, False])
def test_too_many_failures_for_one_address_are_limited_whether_it_is_known_or_not(
    make: Builders, db: Connection, is_known: bool
) -> None:
    email = make.account().email if is_known else "nobody@example.com"
    for number in range(ATTEMPTS):
        answer = find_sign_in(db, email=email, address=f"192.0.2.{number}", attempts=ATTEMPTS)
        record_sign_in_failure(db, found=answer, address=f"192.0.2.{number}")
    with pytest.raises(RateLimited):
        find_sign_in(db, email=email.upper(), address="198.51.100.1", attempts=ATTEMPTS)
    find_sign_in(db, email="other@example.com", address="198.51.100.1", attempts=ATTEMPTS)


def test_too_many_failures_from_one_place_are_limited_and_forgotten_after_a_minute(db: Connection) -> None:
    for number in range(ATTEMPTS):
        answer = find_sign_in(db, email=f"n{number}@example.com", address=ADDRESS, attempts=ATTEMPTS)
        record_sign_in_failure(db, found=answer, address=ADDRESS)
    with pytest.raises(RateLimited) as limited:
        find_sign_in(db, email="another@example.com", address=ADDRESS, attempts=ATTEMPTS)
    assert limited.value.retry_after_s > 0
    run(db, "UPDATE audit_event SET occurred_at = occurred_at - interval '61 seconds'")
    find_sign_in(db, email="another@example.com", address=ADDRESS, attempts=ATTEMPTS)


def test_what_was_typed_as_an_address_is_not_kept(db: Connection) -> None:
    token = random_token(TokenKind.API)
    record_sign_in_failure(
        db, found=find_sign_in(db, email=token, address=ADDRESS, attempts=ATTEMPTS), address=ADDRESS
    )
    row = one_row(db, "SELECT audit_event::text AS everything FROM audit_event")
    assert row is not None
    assert token.lower() not in row["everything"].lower()


def test_a_session_begins_with_device_address_and_ends(make: Builders, db: Connection) -> None:
    started = sign_in(db, make.account())
    row = one_row(db, "SELECT * FROM session")
    assert row is not None
    assert (row["device"], row["ip_address"], row["user_agent"]) == ("Firefox on Linux", ADDRESS, FIREFOX)
    assert row["token_hash"] == hash_token(started.session_token)
    assert row["expires_at"] - row["issued_at"] == timedelta(hours=1)
    assert row["absolute_expires_at"] - row["issued_at"] == timedelta(days=30)
    assert kind_of_token(started.refresh_token) is TokenKind.REFRESH
    assert [event["type"] for event in all_rows(db, "SELECT type FROM audit_event")] == ["sign_in"]


def test_signing_in_ends_closes_and_asks_nothing(make: Builders, db: Connection) -> None:
    """B248."""
    account = make.account()
    make.api_token(make.session(account))
    sign_in(db, account)
    assert all_rows(db, "SELECT FROM closure") == []
    assert all_rows(db, "SELECT FROM revocation") == []


def test_no_column_holds_a_raw_token(make: Builders, db: Connection) -> None:
    """B250."""
    session = make.session()
    token = make.api_token(session)
    tables = all_rows(
        db, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    for table in tables:
        for row in all_rows(db, f'SELECT t::text AS everything FROM "{table["relname"]}" t'):
            for raw in (session.token, session.refresh_token, token.token, PASSWORD):
                assert raw not in row["everything"]


def test_a_password_changed_meanwhile_starts_no_session(make: Builders, db: Connection) -> None:
    account = make.account()
    run(db, "UPDATE account SET password_hash = 'another'")
    with pytest.raises(Unauthenticated):
        sign_in(db, account)


@pytest.mark.parametrize(
    ("column", "reason"), [("suspended_at", "account_suspended"), ("deleted_at", "unauthenticated")]
)
def test_a_suspended_or_deleted_account_starts_no_session(
    make: Builders, db: Connection, column: str, reason: str
) -> None:
    account = make.account()
    run(db, f"UPDATE account SET {column} = now()")
    with pytest.raises(Unauthenticated) as refused:
        sign_in(db, account)
    assert refused.value.reason == reason


def test_issues_under_one_lock_are_strictly_ordered_even_if_the_clock_steps_back(
    make: Builders, db: Connection
) -> None:
    account = make.account()
    run(db, "UPDATE account SET last_instant = clock_timestamp() + interval '1 hour'")
    first, second = sign_in(db, account), sign_in(db, account)
    assert second.issued_at - first.issued_at == timedelta(microseconds=1)


def test_a_sign_in_that_gets_the_lock_after_a_stamp_is_issued_after_it(
    make: Builders, database: Database
) -> None:
    """B46: the sign-in has begun before, and waits."""
    account = make.account()
    started: list[StartedSession] = []

    def wait_for_the_lock() -> None:
        with database.session() as waiting:
            started.append(sign_in(waiting, account))

    with database.session() as ending:
        run(
            ending,
            "UPDATE account SET sessions_ended_at = clock_timestamp() WHERE id = %(id)s",
            id=account.account_id,
        )
        waiter = threading.Thread(target=wait_for_the_lock)
        waiter.start()
        wait_until_somebody_waits_for_a_lock(database)
    waiter.join(10)
    with database.session() as db:
        assert identify(db, token=started[0].session_token, address=ADDRESS).account_id == account.account_id


def test_a_sign_in_that_got_the_lock_first_dies_whole(make: Builders, database: Database) -> None:
    """B47: the stamp waits for the sign-in and lies after its issue."""
    account = make.account()

    def stamp() -> None:
        with database.session() as ending:
            instant = take_instant(ending, account.account_id)
            assert instant is not None
            stamp_ended(
                ending,
                account.account_id,
                instant,
                types=[CredentialType.SESSION],
                reason=Reason.ALL_SESSIONS_REVOKED,
            )

    with database.session() as signing_in:
        started = sign_in(signing_in, account)
        waiter = threading.Thread(target=stamp)
        waiter.start()
        wait_until_somebody_waits_for_a_lock(database)
    waiter.join(10)
    with database.session() as db, pytest.raises(Unauthenticated) as dead:
        identify(db, token=started.session_token, address=ADDRESS)
    assert dead.value.reason == "all_sessions_revoked"


def test_a_locked_account_is_waited_for_in_bounded_time(make: Builders, database: Database) -> None:
    account = make.account()
    with database.session() as holding:
        run(holding, "SELECT FROM account WHERE id = %(id)s FOR UPDATE", id=account.account_id)
        with database.session() as waiting:
            run(waiting, "SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(exc.OperationalError, match="lock timeout"):
                sign_in(waiting, account)
            waiting.rollback()
