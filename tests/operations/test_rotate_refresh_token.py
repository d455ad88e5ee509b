"""Section 16 of BEHAVIOURS: refresh tokens rotate, lost responses are repeated, reuse ends the family."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from app.data.engine import Database
from app.data.rows import all_rows, one_row, run
from app.data.session_repository import SessionRepository
from app.domain.closing import Reason
from app.domain.credentials import TokenKind
from app.domain.errors import Unauthenticated
from app.operations.identify import identify
from app.operations.rotate_refresh_token import ReuseFound, RotatedSession, rotate_refresh_token
from tests.builders import ADDRESS, Builders, random_token
from tests.closure_rows import closures
from tests.lock_waits import wait_until_somebody_waits_for_a_lock

LEEWAY = timedelta(seconds=10)


def rotate(
    db: Connection, refresh_token: str, *, lifetime: timedelta = timedelta(hours=2)
) -> RotatedSession | ReuseFound:
    return rotate_refresh_token(
        db, refresh_token=refresh_token, lifetime=lifetime, leeway=LEEWAY, address=ADDRESS
    )


def rotated(db: Connection, refresh_token: str) -> RotatedSession:
    answer = rotate(db, refresh_token)
    assert isinstance(answer, RotatedSession)
    return answer


def let_the_leeway_pass(db: Connection) -> None:
    run(db, "UPDATE refresh_token SET consumed_at = consumed_at - interval '11 seconds'")


def test_a_rotation_closes_nothing_and_moves_the_end_of_the_session(make: Builders, db: Connection) -> None:
    """B215."""
    session = make.session()
    answer = rotated(db, session.refresh_token)
    assert answer.session_id == session.session_id
    assert answer.refresh_token != session.refresh_token
    assert [each.action for each in closures(db)] == ["recheck"]
    row = one_row(
        db, "SELECT expires_at - issued_at > interval '1 hour 59 minutes' AS moved, token_hash FROM session"
    )
    assert row == {"moved": True, "token_hash": session.token_hash}


def test_the_end_moves_up_to_the_absolute_end_and_never_back(make: Builders, db: Connection) -> None:
    session = make.session(absolute_lifetime=timedelta(hours=1, minutes=30))
    first = rotated(db, session.refresh_token)
    assert first.expires_at == first.absolute_expires_at
    second = rotate(db, first.refresh_token, lifetime=timedelta(seconds=1))
    assert isinstance(second, RotatedSession)
    assert second.expires_at == first.expires_at


def test_a_lost_response_is_repeated_word_for_word_and_the_successor_works(
    make: Builders, db: Connection
) -> None:
    """B218."""
    session = make.session()
    lost = rotated(db, session.refresh_token)
    again = rotated(db, session.refresh_token)
    assert again.refresh_token == lost.refresh_token
    assert rotated(db, again.refresh_token).session_id == session.session_id
    assert all_rows(db, "SELECT FROM revocation") == []


def test_the_predecessor_after_the_leeway_is_reuse(make: Builders, db: Connection) -> None:
    """B217."""
    session = make.session()
    successor = rotated(db, session.refresh_token)
    let_the_leeway_pass(db)
    answer = rotate(db, session.refresh_token)
    assert isinstance(answer, ReuseFound)
    row = one_row(
        db,
        "SELECT kind, reason, source, target_id, performed_at FROM revocation WHERE id = %(id)s",
        id=answer.revocation_id,
    )
    assert row == {
        "kind": "refresh_token_reuse",
        "reason": "refresh_token_reuse",
        "source": "request",
        "target_id": session.session_id,
        "performed_at": None,
    }
    with pytest.raises(Unauthenticated):
        rotate(db, successor.refresh_token)


def test_an_older_ancestor_within_the_leeway_is_reuse(make: Builders, db: Connection) -> None:
    """B219."""
    session = make.session()
    second = rotated(db, session.refresh_token)
    rotated(db, second.refresh_token)
    assert isinstance(rotate(db, session.refresh_token), ReuseFound)


def test_reuse_is_told_once(make: Builders, db: Connection) -> None:
    session = make.session()
    rotated(db, session.refresh_token)
    let_the_leeway_pass(db)
    rotate(db, session.refresh_token)
    with pytest.raises(Unauthenticated):
        rotate(db, session.refresh_token)
    assert len(all_rows(db, "SELECT FROM revocation")) == 1


def test_of_two_refreshes_at_once_both_get_the_same_successor(make: Builders, database: Database) -> None:
    """B220."""
    session = make.session()
    answers: list[RotatedSession | ReuseFound] = []

    def refresh() -> None:
        with database.session() as other:
            answers.append(rotate(other, session.refresh_token))

    with database.session() as first:
        answers.append(rotate(first, session.refresh_token))
        second = threading.Thread(target=refresh)
        second.start()
        wait_until_somebody_waits_for_a_lock(database)
    second.join(10)
    assert all(isinstance(answer, RotatedSession) for answer in answers)
    assert len({answer.refresh_token for answer in answers if isinstance(answer, RotatedSession)}) == 1
    with database.session() as db:
        assert len(all_rows(db, "SELECT FROM refresh_token WHERE consumed_at IS NULL")) == 1


def test_a_refresh_that_waits_for_the_end_of_its_session_is_refused(
    make: Builders, database: Database
) -> None:
    """B222."""
    session = make.session()
    refusals: list[str] = []

    def refresh() -> None:
        try:
            with database.session() as other:
                rotate(other, session.refresh_token)
        except Unauthenticated as refused:
            refusals.append(refused.reason)

    with database.session() as ending:
        SessionRepository(ending).terminate_session(session.session_id, reason=Reason.SESSION_REVOKED)
        waiter = threading.Thread(target=refresh)
        waiter.start()
        wait_until_somebody_waits_for_a_lock(database)
    waiter.join(10)
    assert refusals == ["session_revoked"]


def test_a_refresh_that_came_before_the_end_dies_with_it(make: Builders, database: Database) -> None:
    """B222."""
    session = make.session()
    with database.session() as db:
        successor = rotated(db, session.refresh_token)
    with database.session() as db:
        SessionRepository(db).terminate_session(session.session_id)
    with database.session() as db, pytest.raises(Unauthenticated):
        rotate(db, successor.refresh_token)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE session SET terminated_at = now(), end_reason = 'logged_out'", "logged_out"),
        (
            "UPDATE session SET expires_at = now() - interval '1 s', absolute_expires_at = now()",
            "session_expired",
        ),
        ("UPDATE account SET suspended_at = now()", "account_suspended"),
        ("UPDATE account SET deleted_at = now()", "account_deleted"),
        ("UPDATE account SET sessions_ended_at = clock_timestamp()", "all_sessions_revoked"),
        ("UPDATE refresh_token SET invalidated_at = now()", "session_revoked"),
    ],
)
def test_what_is_over_is_refused_and_revives_nothing(
    make: Builders, db: Connection, statement: str, reason: str
) -> None:
    """B223."""
    session = make.session()
    run(db, statement)
    with pytest.raises(Unauthenticated) as refused:
        rotate(db, session.refresh_token)
    assert refused.value.reason == reason
    assert len(all_rows(db, "SELECT FROM refresh_token")) == 1


def test_a_session_that_has_only_expired_is_refreshed_and_alive_again(make: Builders, db: Connection) -> None:
    """B223."""
    session = make.session()
    run(db, "UPDATE session SET expires_at = now() - interval '1 day'")
    with pytest.raises(Unauthenticated) as expired:
        identify(db, token=session.token, address=ADDRESS)
    assert expired.value.reason == "session_expired"
    rotated(db, session.refresh_token)
    assert identify(db, token=session.token, address=ADDRESS).session_id == session.session_id


@pytest.mark.parametrize("token", ["", "x", "cutoff_refresh_short", *TokenKind])
def test_what_nobody_issued_is_refused(db: Connection, token: str) -> None:
    if isinstance(token, TokenKind):
        token = random_token(token)
    with pytest.raises(Unauthenticated) as refused:
        rotate(db, token)
    assert refused.value.reason == "unauthenticated"


def test_a_session_token_is_no_refresh_token(make: Builders, db: Connection) -> None:
    with pytest.raises(Unauthenticated):
        rotate(db, make.session().token)
