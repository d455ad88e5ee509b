"""Section 7 of BEHAVIOURS, API tokens, accounts and grants: what SQL by hand writes into the closure log."""

import pytest
from sqlalchemy import Connection

from app.data.rows import all_rows, one_row, run
from tests.builders import Builders
from tests.closure_rows import Written, closures

ALL_TYPES = ["session", "api_token", "daemon_token"]


def invalidates(db: Connection, kind: str = "account") -> list[list[str]]:
    rows = all_rows(
        db, "SELECT invalidates FROM closure WHERE target_kind = %(kind)s ORDER BY seq", kind=kind
    )
    return [row["invalidates"] for row in rows]


@pytest.mark.parametrize("statement", ["UPDATE api_token SET revoked_at = now()", "DELETE FROM api_token"])
def test_revoking_or_deleting_an_api_token_closes_it(make: Builders, db: Connection, statement: str) -> None:
    session = make.session()
    token, _other = make.api_token(session), make.api_token(session)
    run(db, statement + " WHERE id = %(id)s", id=token.api_token_id)
    assert closures(db) == [Written("close", "token", str(token.api_token_id), "token_revoked")]


@pytest.mark.parametrize("statement", ["UPDATE api_token SET revoked_at = now()", "DELETE FROM api_token"])
def test_one_statement_over_a_revoked_and_a_live_token_closes_the_live_one_only(
    make: Builders, db: Connection, statement: str
) -> None:
    revoked, live = make.api_token(), make.api_token()
    run(db, "UPDATE api_token SET revoked_at = now() WHERE id = %(id)s", id=revoked.api_token_id)
    run(db, statement)
    assert [each.key for each in closures(db)] == [str(revoked.api_token_id), str(live.api_token_id)]


def test_moving_the_end_of_an_api_token_has_it_read_again(make: Builders, db: Connection) -> None:
    token = make.api_token()
    run(db, "UPDATE api_token SET expires_at = now()")
    assert [(each.action, each.key) for each in closures(db)] == [("recheck", str(token.api_token_id))]


def test_an_expired_api_token_that_is_deleted_closes_as_expired(make: Builders, db: Connection) -> None:
    make.api_token()
    run(db, "UPDATE api_token SET expires_at = now() - interval '1 hour'")
    run(db, "DELETE FROM api_token")
    assert closures(db, of_action="close")[0].reason == "token_expired"


def test_using_an_api_token_appends_nothing(make: Builders, db: Connection) -> None:
    make.api_token()
    run(db, "UPDATE api_token SET last_used_at = now(), name = 'renamed'")
    assert closures(db) == []


@pytest.mark.parametrize(
    ("column", "reason"), [("suspended_at", "account_suspended"), ("deleted_at", "account_deleted")]
)
def test_suspending_or_deleting_softly_closes_the_account_for_every_type(
    make: Builders, db: Connection, column: str, reason: str
) -> None:
    account = make.account()
    run(db, f"UPDATE account SET {column} = now() WHERE id = %(id)s", id=account.account_id)
    assert closures(db) == [Written("close", "account", str(account.account_id), reason)]
    assert invalidates(db) == [ALL_TYPES]


def test_a_suspension_raises_both_stamps_above_every_issue(make: Builders, db: Connection) -> None:
    session = make.session()
    token = make.api_token(session)
    run(db, "UPDATE account SET suspended_at = '2000-01-01' WHERE id = %(id)s", id=session.account_id)
    row = one_row(
        db,
        """
        SELECT a.sessions_ended_at >= s.issued_at AND a.tokens_revoked_at >= t.issued_at AS raised
          FROM account a JOIN session s ON s.account_id = a.id JOIN api_token t ON t.id = %(token)s
        """,
        token=token.api_token_id,
    )
    assert row == {"raised": True}


def test_lifting_a_suspension_appends_nothing_and_lowers_no_stamp(make: Builders, db: Connection) -> None:
    account = make.account()
    run(db, "UPDATE account SET suspended_at = now()")
    stamps = "SELECT sessions_ended_at, tokens_revoked_at FROM account WHERE id = %(id)s"
    before, written = one_row(db, stamps, id=account.account_id), closures(db)
    run(db, "UPDATE account SET suspended_at = NULL, sessions_ended_at = NULL, tokens_revoked_at = NULL")
    assert one_row(db, stamps, id=account.account_id) == before
    assert closures(db) == written


def test_a_stamp_in_the_future_becomes_one_of_now(make: Builders, db: Connection) -> None:
    account = make.account()
    run(db, "UPDATE account SET sessions_ended_at = now() + interval '1 year'")
    row = one_row(
        db,
        "SELECT sessions_ended_at <= clock_timestamp() AS past FROM account WHERE id = %(id)s",
        id=account.account_id,
    )
    assert row == {"past": True}


def test_a_stamp_names_the_types_that_it_invalidates(make: Builders, db: Connection) -> None:
    make.account()
    run(db, "UPDATE account SET sessions_ended_at = clock_timestamp()")
    run(db, "UPDATE account SET tokens_revoked_at = clock_timestamp()")
    run(db, "UPDATE account SET signed_out_at = clock_timestamp()")
    assert invalidates(db) == [["session"], ["api_token"], []]
    assert [each.reason for each in closures(db)] == [
        "all_sessions_revoked",
        "all_tokens_revoked",
        "logged_out",
    ]


def test_purging_an_account_closes_it_and_each_credential_for_that_reason(
    make: Builders, db: Connection
) -> None:
    session = make.session()
    token = make.api_token(session)
    run(db, "DELETE FROM account WHERE id = %(id)s", id=session.account_id)
    assert closures(db) == [
        Written("close", "account", str(session.account_id), "account_deleted"),
        Written("close", "session", session.token_hash, "account_deleted"),
        Written("close", "token", str(token.api_token_id), "account_deleted"),
    ]
    assert invalidates(db) == [ALL_TYPES]
    assert [row["kind"] for row in all_rows(db, "SELECT kind FROM revocation")] == ["account_purge"]


def test_an_account_without_change_appends_nothing(make: Builders, db: Connection) -> None:
    make.account()
    run(
        db,
        "UPDATE account SET display_name = 'new', is_global_admin = true, last_instant = clock_timestamp()",
    )
    assert closures(db) == []


def test_the_last_instant_of_an_account_never_goes_back(make: Builders, db: Connection) -> None:
    make.account()
    run(db, "UPDATE account SET last_instant = '2000-01-01'")
    assert one_row(db, "SELECT last_instant > '2020-01-01' AS stays FROM account") == {"stays": True}


def test_revoking_a_grant_terminates_the_sessions_under_it_and_only_those(
    make: Builders, db: Connection
) -> None:
    organization, other = make.organization(), make.organization()
    admin = make.session(make.account("ga", is_global_admin=True))
    grant = make.grant(organization)
    make.grant(other)
    support = make.support_session(organization, admin)
    make.support_session(other, admin)
    run(db, "UPDATE support_access_grant SET revoked_at = now() WHERE id = %(id)s", id=grant.grant_id)
    assert closures(db) == [Written("close", "session", support.token_hash, "support_access_revoked")]


def test_deleting_a_grant_terminates_the_sessions_under_it(make: Builders, db: Connection) -> None:
    organization = make.organization()
    grant = make.grant(organization)
    support = make.support_session(organization, make.session(make.account("ga", is_global_admin=True)))
    run(db, "DELETE FROM support_access_grant WHERE id = %(id)s", id=grant.grant_id)
    assert closures(db) == [Written("close", "session", support.token_hash, "support_access_revoked")]


def test_deleting_an_organization_ends_the_support_sessions_in_it(make: Builders, db: Connection) -> None:
    organization = make.organization()
    make.grant(organization)
    support = make.support_session(organization, make.session(make.account("ga", is_global_admin=True)))
    run(db, "DELETE FROM organization WHERE id = %(id)s", id=organization.org_id)
    assert [each.key for each in closures(db, of_action="close")] == [support.token_hash]


@pytest.mark.parametrize("end", ["now()", "now() + interval '1 minute'", "now() + interval '2 days'"])
def test_moving_the_end_of_a_grant_has_it_read_again(make: Builders, db: Connection, end: str) -> None:
    grant = make.grant(make.organization())
    run(db, f"UPDATE support_access_grant SET expires_at = {end}")
    assert closures(db) == [Written("recheck", "grant", str(grant.grant_id), "support_access_ended")]


def test_using_a_grant_appends_nothing(make: Builders, db: Connection) -> None:
    make.grant(make.organization())
    run(db, "UPDATE support_access_grant SET use_count = use_count + 1, last_used_at = now()")
    assert closures(db) == []


@pytest.mark.parametrize("table", ["account", "session", "api_token", "support_access_grant"])
def test_no_truncation_passes_unnoticed(make: Builders, db: Connection, table: str) -> None:
    run(db, f"TRUNCATE {table} CASCADE")
    written = closures(db)
    assert {each.action for each in written} == {"recheck"}
    assert table in {each.key for each in written}


def test_upserts_and_merges_append_too(make: Builders, db: Connection) -> None:
    session = make.session()
    run(
        db,
        """
        INSERT INTO session (id, account_id, token_hash, issued_at, expires_at, absolute_expires_at)
        SELECT id, account_id, token_hash, issued_at, expires_at, absolute_expires_at FROM session
        ON CONFLICT (id) DO UPDATE SET terminated_at = now()
        """,
    )
    assert [each.key for each in closures(db)] == [session.token_hash]
