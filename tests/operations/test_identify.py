"""Whose credential a request came with: read anew each time, dead for the reason that ended it."""

import threading
from typing import Any

import pytest
from sqlalchemy import Connection

from app.data.engine import Database
from app.data.rows import all_rows, run
from app.data.verifying_read import VERIFY, verify_parameters
from app.domain.credentials import CredentialType, TokenKind, hash_token
from app.domain.errors import Unauthenticated
from app.domain.ids import AccountId
from app.operations.identify import identify
from app.operations.read_own_account import read_own_account
from tests.builders import ADDRESS, Builders, random_token
from tests.lock_waits import wait_until_somebody_waits_for_a_lock


def reason_of(db: Connection, token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        identify(db, token=token, address=ADDRESS)
    return refused.value.reason


def test_a_session_proves_its_account(make: Builders, db: Connection) -> None:
    session = make.session()
    assert identify(db, token=session.token, address=ADDRESS) == session.caller


def test_a_support_session_comes_with_its_grant(make: Builders, db: Connection) -> None:
    organization = make.organization()
    make.grant(organization, read_only=True)
    support = make.support_session(organization, make.session(make.account("ga", is_global_admin=True)))
    assert identify(db, token=support.token, address=ADDRESS) == support.caller


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE session SET terminated_at = now()", "session_revoked"),
        ("UPDATE session SET terminated_at = now(), end_reason = 'logged_out'", "logged_out"),
        ("UPDATE session SET terminated_at = now(), end_reason = 'vogons'", "revoked"),
        ("UPDATE session SET expires_at = clock_timestamp()", "session_expired"),
        ("UPDATE account SET sessions_ended_at = clock_timestamp()", "all_sessions_revoked"),
        ("UPDATE account SET suspended_at = now()", "account_suspended"),
        ("UPDATE account SET deleted_at = now()", "account_deleted"),
        ("DELETE FROM session", "unauthenticated"),
        ("DELETE FROM account", "unauthenticated"),
    ],
)
def test_a_dead_session_is_refused_with_its_reason_each_time(
    make: Builders, db: Connection, statement: str, reason: str
) -> None:
    session = make.session()
    run(db, statement)
    assert reason_of(db, session.token) == reason
    assert reason_of(db, session.token) == reason


def test_lifting_a_suspension_revives_nothing_but_the_daemon(make: Builders, db: Connection) -> None:
    """B41."""
    session = make.session()
    token = make.api_token(session)
    run(db, "UPDATE account SET suspended_at = now()")
    run(db, "UPDATE account SET suspended_at = NULL")
    assert reason_of(db, session.token) == "account_suspended"
    assert reason_of(db, token.token) == "account_suspended"
    daemon = random_token(TokenKind.DAEMON)
    caller = identify(
        db,
        token=daemon,
        address=ADDRESS,
        daemon_token_hash=hash_token(daemon),
        daemon_account=session.account_id,
    )
    assert caller.credential_type is CredentialType.DAEMON_TOKEN


@pytest.mark.parametrize("kind", list(TokenKind))
def test_a_well_formed_token_that_nobody_issued_proves_nothing(
    make: Builders, db: Connection, kind: TokenKind
) -> None:
    account = make.account()
    with pytest.raises(Unauthenticated) as refused:
        identify(
            db,
            token=random_token(kind),
            address=ADDRESS,
            daemon_token_hash=hash_token("another"),
            daemon_account=account.account_id,
        )
    assert refused.value.reason == "unauthenticated"


@pytest.mark.parametrize(
    "token", ["", "cutoff_session_", "Bearer x", "\ud800", "cutoff_session_" + "a" * 44, "\0"]
)
def test_a_malformed_token_reads_nothing(db: Connection, token: str) -> None:
    run(db, "ALTER TABLE session RENAME TO away")
    assert reason_of(db, token) == "unauthenticated"


def test_a_refresh_token_opens_nothing(make: Builders, db: Connection) -> None:
    assert reason_of(db, make.session().refresh_token) == "unauthenticated"


def test_an_account_reads_itself_with_its_roles(make: Builders, db: Connection) -> None:
    organization = make.organization()
    own = read_own_account(db, account_id=organization.admin.account_id)
    assert [(each.slug, each.role) for each in own.organizations] == [(organization.slug, "admin")]


def test_a_read_that_waits_for_a_locked_table_sees_what_was_committed_meanwhile(
    make: Builders, database: Database
) -> None:
    """A session whose end is moved in that transaction is not taken for one that has expired."""
    session = make.session()
    proved: list[AccountId] = []
    with database.session() as db:
        run(db, "UPDATE session SET expires_at = clock_timestamp()")
    reading = threading.Thread(
        target=lambda: proved.append(database.read(identify, token=session.token, address=ADDRESS).account_id)
    )
    with database.session() as db:
        run(db, "UPDATE session SET expires_at = clock_timestamp() + interval '1 hour'")
        run(db, "LOCK TABLE session")
        reading.start()
        wait_until_somebody_waits_for_a_lock(database)
    reading.join(10)
    assert proved == [session.account_id]


def test_a_read_of_many_credentials_finds_what_the_read_of_each_finds(make: Builders, db: Connection) -> None:
    organization = make.organization()
    make.grant(organization)
    admin = make.session(make.account(is_global_admin=True))
    token, support = make.api_token(admin), make.support_session(organization, admin)
    sessions = [hash_token(each.token) for each in (admin, support)]
    api_tokens, daemon_accounts = [hash_token(token.token)], [admin.account_id]

    def read(**asked: list[Any]) -> list[dict[str, object]]:
        return [{**row, "read_at": None} for row in all_rows(db, VERIFY, **verify_parameters(**asked))]

    one_by_one = [
        *(row for each in sessions for row in read(sessions=[each])),
        *read(api_tokens=api_tokens),
        *read(daemon_accounts=daemon_accounts),
    ]
    many = read(sessions=sessions, api_tokens=api_tokens, daemon_accounts=daemon_accounts)
    assert len(many) == 4
    assert all(row in many for row in one_by_one)
    assert [row["credential_type"] for row in read()] == [None]
