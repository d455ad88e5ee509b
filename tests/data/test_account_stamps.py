"""The stamps on an account's row: what is stamped is dead, and nothing else is."""

from datetime import timedelta

import pytest

from app.data.accounts import stamp_ended, take_instant
from app.data.rows import run
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.errors import Unauthenticated
from app.operations.identify import identify
from tests.builders import ADDRESS, Builders
from tests.operations.performing import Facts


def _stamps(facts: Facts, account_id):
    (row,) = facts.rows(
        """
        SELECT sessions_ended_at, sessions_end_reason, tokens_revoked_at, tokens_end_reason, last_instant
          FROM account WHERE id = %(id)s
        """,
        id=account_id,
    )
    return row


def test_stamping_sessions_by_sql_leaves_the_tokens_alone(make: Builders, database):
    facts, account = Facts(database), make.account()
    facts.run("UPDATE account SET sessions_ended_at = now() WHERE id = %(id)s", id=account.account_id)
    row = _stamps(facts, account.account_id)
    assert row["sessions_ended_at"] is not None
    assert (row["tokens_revoked_at"], row["tokens_end_reason"]) == (None, None)


def test_a_stamp_in_the_future_is_taken_for_now(make: Builders, database):
    facts, account = Facts(database), make.account()
    facts.run(
        "UPDATE account SET tokens_revoked_at = now() + interval '1 year' WHERE id = %(id)s",
        id=account.account_id,
    )
    row = _stamps(facts, account.account_id)
    assert row["tokens_revoked_at"] - row["last_instant"] < timedelta(seconds=1)
    assert row["sessions_ended_at"] is None


@pytest.mark.parametrize("column", ["sessions_ended_at", "tokens_revoked_at"])
@pytest.mark.parametrize("stamp", ["'2000-01-01'", "now()"])
def test_a_stamp_before_the_last_issue_ends_what_was_issued_so_far_and_nothing_later(
    make: Builders, database, column: str, stamp: str
):
    """Its closure tells all of them that they are revoked, so that has to be true."""
    facts, account = Facts(database), make.account()
    with database.session() as db:
        run(db, "SELECT now()")
        session = make.session(account)
        token = make.api_token(session)
        run(db, f"UPDATE account SET {column} = {stamp} WHERE id = %(id)s", id=account.account_id)
    ended, kept = (session, token) if column == "sessions_ended_at" else (token, session)
    assert not _is_alive(facts, ended.token)
    assert _is_alive(facts, kept.token)
    assert facts.value("SELECT count(*) FROM closure") == 1
    assert _is_alive(facts, make.session(account).token)


@pytest.mark.parametrize("lower", ["'2000-01-01'", "NULL"])
def test_a_stamp_that_is_lowered_stays_as_it_is_and_ends_nothing(make: Builders, database, lower: str):
    facts, account = Facts(database), make.account()
    facts.run("UPDATE account SET sessions_ended_at = now() WHERE id = %(id)s", id=account.account_id)
    later, stamped = make.session(account), _stamps(facts, account.account_id)
    facts.run(f"UPDATE account SET sessions_ended_at = {lower} WHERE id = %(id)s", id=account.account_id)
    assert _stamps(facts, account.account_id)["sessions_ended_at"] == stamped["sessions_ended_at"]
    assert _is_alive(facts, later.token)
    assert facts.value("SELECT count(*) FROM closure") == 1


def _is_alive(facts: Facts, token: str) -> bool:
    try:
        with facts.database.session() as db:
            identify(db, token=token, address=ADDRESS)
    except Unauthenticated:
        return False
    return True


def test_ending_both_types_at_once_is_one_closure_that_names_both(make: Builders, database):
    facts, account = Facts(database), make.account()
    with database.session() as db:
        instant = take_instant(db, account.account_id)
        assert instant is not None
        types = (CredentialType.SESSION, CredentialType.API_TOKEN)
        stamp_ended(db, account.account_id, instant, types=types, reason=Reason.PASSWORD_CHANGED)
    (closure,) = facts.rows("SELECT reason, invalidates FROM closure")
    assert dict(closure) == {"reason": "password_changed", "invalidates": ["session", "api_token"]}
