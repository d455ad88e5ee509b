"""The stamps on an account's row: what is stamped is dead, and nothing else is."""

from datetime import timedelta

from app.data.accounts import stamp_ended, take_instant
from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from tests.builders import Builders
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


def test_ending_both_types_at_once_is_one_closure_that_names_both(make: Builders, database):
    facts, account = Facts(database), make.account()
    with database.session() as db:
        instant = take_instant(db, account.account_id)
        assert instant is not None
        types = (CredentialType.SESSION, CredentialType.API_TOKEN)
        stamp_ended(db, account.account_id, instant, types=types, reason=Reason.PASSWORD_CHANGED)
    (closure,) = facts.rows("SELECT reason, invalidates FROM closure")
    assert dict(closure) == {"reason": "password_changed", "invalidates": ["session", "api_token"]}
