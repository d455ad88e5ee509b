"""Section 7 of BEHAVIOURS, sessions and refresh tokens: what SQL by hand writes into the closure log."""

import pytest
from sqlalchemy import Connection, exc

from app.data.rows import all_rows, one_row, run
from tests.builders import Builders
from tests.closure_rows import Written, closures


def test_terminating_one_row_closes_that_session_and_no_other(make: Builders, db: Connection) -> None:
    account = make.account()
    session, _sibling = make.session(account), make.session(account)
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=session.session_id)
    assert closures(db) == [Written("close", "session", session.token_hash, "session_revoked")]


def test_deleting_a_session_closes_it_and_the_cascade_closes_nothing_more(
    make: Builders, db: Connection
) -> None:
    session = make.session()
    run(db, "DELETE FROM session WHERE id = %(id)s", id=session.session_id)
    assert closures(db) == [Written("close", "session", session.token_hash, "session_revoked")]
    assert all_rows(db, "SELECT FROM refresh_token") == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE session SET terminated_at = now() WHERE account_id = %(id)s",
        "DELETE FROM session WHERE account_id = %(id)s",
    ],
)
def test_a_thousand_sessions_in_one_statement_are_a_thousand_closures_of_one_revocation(
    make: Builders, db: Connection, statement: str
) -> None:
    account = make.account()
    make.many_sessions(account, 1000)
    run(db, statement, id=account.account_id)
    row = one_row(
        db,
        """
        SELECT count(DISTINCT target_key) AS targets, count(DISTINCT revocation_id) AS revocations,
               bool_and(target_kind = 'session' AND action = 'close' AND revocation_id IS NOT NULL) AS only_sessions
          FROM closure
        """,
    )
    assert row == {"targets": 1000, "revocations": 1, "only_sessions": True}


def test_what_ends_by_hand_opens_one_direct_revocation_an_account(make: Builders, db: Connection) -> None:
    first, second = make.account(), make.account()
    for account in (first, first, second):
        make.session(account)
    run(db, "UPDATE session SET terminated_at = now()")
    opened = all_rows(
        db, "SELECT kind, source, account_id, performed_at IS NOT NULL AS performed FROM revocation"
    )
    assert {row["account_id"] for row in opened} == {first.account_id, second.account_id}
    assert [(row["kind"], row["source"], row["performed"]) for row in opened] == [
        ("session_revoke", "direct", True)
    ] * 2


def test_invalidating_or_deleting_refresh_tokens_closes_nothing(make: Builders, db: Connection) -> None:
    make.session()
    run(db, "UPDATE refresh_token SET invalidated_at = now()")
    run(db, "DELETE FROM refresh_token")
    assert closures(db) == []


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = expires_at - interval '10 minutes'",
        "expires_at = expires_at + interval '10 minutes'",
        "expires_at = now() - interval '1 second'",
        "absolute_expires_at = now()",
        "issued_at = issued_at - interval '1 hour'",
    ],
)
def test_moving_the_end_of_a_session_has_it_read_again(make: Builders, db: Connection, change: str) -> None:
    """B214."""
    session = make.session()
    run(db, f"UPDATE session SET {change} WHERE id = %(id)s", id=session.session_id)
    assert [(each.action, each.key) for each in closures(db)] == [("recheck", session.token_hash)]
    assert all_rows(db, "SELECT FROM revocation") == [], "a recheck opens no receipt"


def test_changing_the_token_hash_closes_the_old_token(make: Builders, db: Connection) -> None:
    session = make.session()
    run(
        db, "UPDATE session SET token_hash = %(hash)s WHERE id = %(id)s", id=session.session_id, hash="a" * 64
    )
    assert closures(db) == [Written("close", "session", session.token_hash, "session_revoked")]


@pytest.mark.parametrize(
    "change",
    ["last_active_at = now()", "device = 'a toaster'", "terminated_at = NULL", "expires_at = expires_at"],
)
def test_a_column_that_decides_nothing_appends_nothing(make: Builders, db: Connection, change: str) -> None:
    make.session()
    run(db, f"UPDATE session SET {change}")
    assert closures(db) == []


def test_touching_an_ended_row_appends_nothing(make: Builders, db: Connection) -> None:
    make.session()
    run(db, "UPDATE session SET terminated_at = now()")
    before = closures(db)
    run(db, "UPDATE session SET terminated_at = now() + interval '1 second', expires_at = now()")
    run(db, "DELETE FROM session")
    assert closures(db) == before


def test_one_statement_over_an_ended_and_a_live_row_closes_the_live_one_only(
    make: Builders, db: Connection
) -> None:
    ended, live = make.session(), make.session()
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=ended.session_id)
    run(db, "UPDATE session SET terminated_at = now() + interval '1 second'")
    assert [each.key for each in closures(db)] == [ended.token_hash, live.token_hash]


def test_inserting_a_row_that_has_ended_closes_nothing(make: Builders, db: Connection) -> None:
    session = make.session()
    run(
        db,
        """
        INSERT INTO session (id, account_id, token_hash, issued_at, expires_at, absolute_expires_at, terminated_at)
        SELECT gen_random_uuid(), account_id, repeat('b', 64), issued_at, expires_at, absolute_expires_at, now()
          FROM session WHERE id = %(id)s
        """,
        id=session.session_id,
    )
    assert closures(db) == []


def test_what_is_rolled_back_closes_nothing(make: Builders, db: Connection) -> None:
    make.session()
    run(db, "UPDATE session SET terminated_at = now()")
    db.rollback()
    assert closures(db) == []


def test_of_a_savepoint_rolled_back_nothing_is_left_and_the_rest_stays(
    make: Builders, db: Connection
) -> None:
    """B54."""
    kept, undone = make.session(), make.session()
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=kept.session_id)
    with db.begin_nested() as savepoint:
        run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=undone.session_id)
        savepoint.rollback()
    db.commit()
    assert [each.key for each in closures(db)] == [kept.token_hash]


def test_a_marked_transaction_has_no_second_revocation(make: Builders, db: Connection) -> None:
    from app.data.revocation_requests import insert_request
    from app.data.revocations import mark_transaction
    from app.domain.closing import Reason
    from app.domain.revocation_request import RevocationKind, requested_of

    session = make.session()
    requested = insert_request(
        db,
        requested_of(
            session.caller,
            kind=RevocationKind.SESSION_REVOKE,
            reason=Reason.SESSION_REVOKED,
            target_id=session.session_id,
            account_id=session.account_id,
        ),
    )
    mark_transaction(db, requested.revocation_id)
    mark_transaction(db, requested.revocation_id)
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=session.session_id)
    assert [row["revocation_id"] for row in all_rows(db, "SELECT revocation_id FROM closure")] == [
        requested.revocation_id
    ]
    assert len(all_rows(db, "SELECT FROM revocation")) == 1


def test_truncating_sessions_has_everything_that_depends_on_them_read_again(
    make: Builders, db: Connection
) -> None:
    make.session()
    run(db, "TRUNCATE session CASCADE")
    assert closures(db) == [Written("recheck", "table", "session", "revoked")]


def test_a_token_hash_that_is_none_is_refused(make: Builders, db: Connection) -> None:
    make.session()
    with pytest.raises(exc.IntegrityError):
        run(db, "UPDATE session SET token_hash = 'not a hash'")
