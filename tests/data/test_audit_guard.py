"""The audit guard: an event of a closing type has the named credentials read again, and never does harm."""

import pytest
from sqlalchemy import Connection

from app.data.rows import all_rows, one_row, run
from tests.builders import Builders
from tests.closure_rows import closures

CLOSING_TYPES = [
    "session_revoke",
    "token_revoke",
    "session_revoke_all",
    "token_revoke_all",
    "password_change",
    "logout",
    "account_suspend",
    "account_delete",
    "account_purge",
    "support_grant_end",
]
OF_WHOLE_ACCOUNTS = [
    word for word in CLOSING_TYPES if word not in {"session_revoke", "token_revoke", "support_grant_end"}
]


def insert_event(db: Connection, event_type: str, outcome: str = "success", **ids: object) -> None:
    values = {
        "session_id": None,
        "api_token_id": None,
        "account_id": None,
        "grant_id": None,
        "revocation_id": None,
    }
    run(
        db,
        """
        INSERT INTO audit_event (type, outcome, session_id, api_token_id, account_id, grant_id, revocation_id)
        VALUES (%(type)s, %(outcome)s, %(session_id)s, %(api_token_id)s, %(account_id)s, %(grant_id)s, %(revocation_id)s)
        """,
        type=event_type,
        outcome=outcome,
        **{**values, **ids},
    )


def test_an_event_about_a_session_has_that_session_read_again(make: Builders, db: Connection) -> None:
    session = make.session()
    insert_event(db, "session_revoke", session_id=str(session.session_id))
    assert [(each.action, each.kind, each.key) for each in closures(db)] == [
        ("recheck", "session", session.token_hash)
    ]
    assert all_rows(db, "SELECT FROM revocation") == []


@pytest.mark.parametrize("event_type", OF_WHOLE_ACCOUNTS)
def test_an_event_about_an_account_has_the_account_read_again(
    make: Builders, db: Connection, event_type: str
) -> None:
    account = make.account()
    insert_event(db, event_type, account_id=str(account.account_id))
    assert [(each.action, each.kind, each.key) for each in closures(db)] == [
        ("recheck", "account", str(account.account_id))
    ]


def test_an_event_about_one_session_does_not_touch_the_rest_of_its_account(
    make: Builders, db: Connection
) -> None:
    session = make.session()
    insert_event(db, "session_revoke", session_id=str(session.session_id), account_id=str(session.account_id))
    assert [each.kind for each in closures(db)] == ["session"]


def test_tokens_and_grants_are_read_again_by_their_ids(make: Builders, db: Connection) -> None:
    token, grant = make.api_token(), make.grant(make.organization())
    insert_event(db, "token_revoke", api_token_id=str(token.api_token_id).upper())
    insert_event(db, "support_grant_end", grant_id=str(grant.grant_id))
    assert [(each.kind, each.key) for each in closures(db)] == [
        ("token", str(token.api_token_id)),
        ("grant", str(grant.grant_id)),
    ]


@pytest.mark.parametrize("event_type", CLOSING_TYPES)
def test_a_failure_never_does_anything(make: Builders, db: Connection, event_type: str) -> None:
    """B18."""
    token = make.api_token()
    session = one_row(db, "SELECT id FROM session")
    assert session is not None
    insert_event(
        db,
        event_type,
        outcome="failure",
        session_id=str(session["id"]),
        api_token_id=str(token.api_token_id),
        account_id=str(token.account_id),
    )
    assert closures(db) == []


@pytest.mark.parametrize("written", [None, "", "*", "all", "42", "{}", "not-a-uuid", "' OR true --"])
def test_an_id_that_is_none_closes_nothing_and_refuses_nothing(db: Connection, written: str | None) -> None:
    """B19."""
    insert_event(
        db,
        "session_revoke_all",
        session_id=written,
        api_token_id=written,
        account_id=written,
        grant_id=written,
    )
    assert closures(db) == []


@pytest.mark.parametrize(
    "event_type", ["__class__", "constructor", "", "sign_in", "SESSION_REVOKE", "session_revoke "]
)
def test_an_unknown_type_closes_nothing(make: Builders, db: Connection, event_type: str) -> None:
    """B20."""
    session = make.session()
    insert_event(db, event_type, session_id=str(session.session_id), account_id=str(session.account_id))
    assert closures(db) == []


def test_an_event_whose_revocation_is_in_the_log_appends_nothing(make: Builders, db: Connection) -> None:
    session = make.session()
    run(db, "UPDATE session SET terminated_at = now()")
    revocation = one_row(db, "SELECT id FROM revocation")
    assert revocation is not None
    insert_event(db, "session_revoke", session_id=str(session.session_id), revocation_id=revocation["id"])
    assert [each.action for each in closures(db)] == ["close"]


def test_changing_or_deleting_an_event_closes_nothing(make: Builders, db: Connection) -> None:
    session = make.session()
    insert_event(db, "sign_in", session_id=str(session.session_id))
    run(db, "UPDATE audit_event SET type = 'session_revoke'")
    run(db, "DELETE FROM audit_event")
    assert closures(db) == []
