"""What each kind of revocation ends, and what it leaves alone."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.domain.ids import AccountId, GrantId, RevocationId
from app.operations.change_password import change_password
from app.operations.delete_account import delete_account
from app.operations.end_account_session import end_account_session
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.perform import Performed, perform
from app.operations.request_logout import request_logout
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from app.operations.revoke_own_api_token import revoke_own_api_token
from app.operations.revoke_support_grant import revoke_support_grant
from app.operations.suspend_account import suspend_account
from tests.builders import ADDRESS, PASSWORD_HASH, Builders
from tests.operations.performing import Facts, RecordingPublisher

DONE = Performed(has_ended_now=True, is_published=True, is_audited=True)


def requested(database: Database, operation: Any, **arguments: Any) -> RevocationId:
    with database.session() as db:
        revocation_id: RevocationId = operation(db, **arguments).revocation_id
    return revocation_id


def live_sessions(facts: Facts, account_id: AccountId) -> int:
    count: int = facts.value(
        "SELECT count(*) FROM session WHERE account_id = %(id)s AND terminated_at IS NULL", id=account_id
    )
    return count


def test_a_session_ends_with_its_refresh_chain_and_its_siblings_live(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    account = make.account()
    ended, sibling = make.session(account), make.session(account)
    revocation_id = requested(database, end_own_session, caller=sibling.caller, session_id=ended.session_id)

    assert perform(database, publisher, revocation_id) == DONE

    assert publisher.targets == [("session", ended.token_hash)]
    assert facts.closures() == [("close", "session", "session_revoked")]
    live = facts.rows("SELECT session_id FROM refresh_token WHERE invalidated_at IS NULL")
    assert [row["session_id"] for row in live] == [sibling.session_id]
    assert facts.revocation(revocation_id)["sessions_ended"] == 1


def test_the_one_success_event_names_actor_target_address_and_credential(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    """B256."""
    session = make.session()
    revocation_id = requested(database, end_own_session, caller=session.caller, session_id=session.session_id)
    perform(database, publisher, revocation_id)

    (event,) = facts.successes(revocation_id)

    assert event["type"] == "session_revoke"
    assert event["actor_id"] == event["account_id"] == str(session.account_id)
    assert event["session_id"] == str(session.session_id)
    assert event["ip_address"] == ADDRESS
    assert event["credential_type"] == "session"
    assert event["reason"] == "session_revoked"
    assert event["metadata"] == {"sessions_ended": 1, "tokens_ended": 0, "grants_ended": 0}


def test_performing_a_finished_revocation_does_nothing_and_succeeds(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    """B73."""
    session = make.session()
    revocation_id = requested(database, end_own_session, caller=session.caller, session_id=session.session_id)
    perform(database, publisher, revocation_id)
    before = facts.revocation(revocation_id), facts.closures(), len(publisher.messages)

    again = perform(database, publisher, revocation_id)

    assert again == Performed(has_ended_now=False, is_published=True, is_audited=True)
    assert (facts.revocation(revocation_id), facts.closures(), len(publisher.messages)) == before
    assert len(facts.successes(revocation_id)) == 1


def test_an_unknown_revocation_does_nothing_and_succeeds(
    database: Database, publisher: RecordingPublisher, facts: Facts
):
    """B73."""
    assert perform(database, publisher, RevocationId(uuid7())) is None
    assert publisher.messages == []
    assert facts.closures() == []


def test_an_api_token_ends_alone(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    session = make.session()
    ended, kept = make.api_token(session), make.api_token(session)
    revocation_id = requested(
        database, revoke_own_api_token, caller=session.caller, api_token_id=ended.api_token_id
    )

    perform(database, publisher, revocation_id)

    assert publisher.targets == [("token", str(ended.api_token_id))]
    live = facts.rows("SELECT id FROM api_token WHERE revoked_at IS NULL")
    assert [row["id"] for row in live] == [kept.api_token_id]
    (event,) = facts.successes(revocation_id)
    assert event["api_token_id"] == str(ended.api_token_id)


def test_ending_all_sessions_says_the_account_first_and_then_sweeps_the_rows(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    account = make.account()
    session, other = make.session(account), make.session(account)
    revocation_id = requested(database, end_all_own_sessions, caller=session.caller, except_current=False)
    at_publishing: list[int] = []
    publisher.before = lambda _: at_publishing.append(live_sessions(facts, account.account_id))

    assert perform(database, publisher, revocation_id) == DONE

    first, second = publisher.messages
    assert [closure.target.key for closure in first] == [str(account.account_id)]
    assert {closure.target.key for closure in second} == {session.token_hash, other.token_hash}
    assert at_publishing == [2, 0], "the stamp is said before the sweep, the rows after it"
    assert facts.revocation(revocation_id)["sessions_ended"] == 2


def test_a_sweep_leaves_a_later_sign_in_alone(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    """B45."""
    account = make.account()
    session = make.session(account)
    revocation_id = requested(database, end_all_own_sessions, caller=session.caller, except_current=False)
    later = make.session(account)

    perform(database, publisher, revocation_id)

    live = facts.rows("SELECT id FROM session WHERE terminated_at IS NULL")
    assert [row["id"] for row in live] == [later.session_id]


def test_all_but_this_spares_the_caller_and_closes_no_account(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    account = make.account()
    session, other = make.session(account), make.session(account)
    revocation_id = requested(database, end_all_own_sessions, caller=session.caller, except_current=True)
    later = make.session(account)

    perform(database, publisher, revocation_id)

    assert publisher.targets == [("session", other.token_hash)]
    live = facts.rows("SELECT id FROM session WHERE terminated_at IS NULL")
    assert {row["id"] for row in live} == {session.session_id, later.session_id}
    (event,) = facts.successes(revocation_id)
    assert event["metadata"]["spared_session_id"] == str(session.session_id)


def test_all_but_this_with_no_other_session_ends_none_and_is_on_the_trail(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    session = make.session()
    revocation_id = requested(database, end_all_own_sessions, caller=session.caller, except_current=True)

    assert perform(database, publisher, revocation_id) == DONE

    assert publisher.messages == []
    assert len(facts.successes(revocation_id)) == 1
    assert facts.revocation(revocation_id)["sessions_ended"] == 0


def test_revoking_all_tokens_leaves_sessions_alone(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    session = make.session()
    token = make.api_token(session)
    revocation_id = requested(database, revoke_all_own_api_tokens, caller=session.caller)

    perform(database, publisher, revocation_id)

    assert publisher.targets == [("account", str(session.account_id)), ("token", str(token.api_token_id))]
    assert live_sessions(facts, session.account_id) == 1
    assert facts.revocation(revocation_id)["tokens_ended"] == 1


def test_a_password_change_ends_sessions_and_tokens_and_counts_the_rows(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    """B32."""
    account = make.account()
    session = make.session(account)
    make.session(account)
    make.api_token(session)
    revocation_id = requested(
        database, change_password, caller=session.caller, verified_hash=PASSWORD_HASH, new_hash="another"
    )

    perform(database, publisher, revocation_id)

    (event,) = facts.successes(revocation_id)
    assert event["type"] == "password_change"
    assert event["metadata"] == {"sessions_ended": 2, "tokens_ended": 1, "grants_ended": 0}
    assert facts.value("SELECT count(*) FROM refresh_token WHERE invalidated_at IS NULL") == 0


def test_logging_out_ends_one_session_and_asks_the_account_to_reconnect(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    account = make.account()
    session, sibling = make.session(account), make.session(account)
    revocation_id = requested(database, request_logout, caller=session.caller)

    perform(database, publisher, revocation_id)

    (message,) = publisher.messages
    assert {closure.target.key: closure.cause.invalidates for closure in message} == {
        session.token_hash: frozenset(),
        str(account.account_id): frozenset(),
    }
    assert len({closure.cause.transaction for closure in message}) == 1
    live = facts.rows("SELECT id FROM session WHERE terminated_at IS NULL")
    assert [row["id"] for row in live] == [sibling.session_id]
    (event,) = facts.successes(revocation_id)
    assert (event["type"], event["reason"]) == ("logout", "logged_out")


def test_a_logout_of_a_session_that_has_ended_meanwhile_asks_nobody_to_reconnect(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    session = make.session()
    revocation_id = requested(database, request_logout, caller=session.caller)
    facts.run("UPDATE session SET terminated_at = now()")

    assert perform(database, publisher, revocation_id) == DONE

    assert publisher.messages == []
    assert facts.successes(revocation_id) == []
    assert facts.closures() == [("close", "session", "session_revoked")]


@pytest.mark.parametrize("operation", [suspend_account, delete_account])
def test_suspending_or_deleting_an_account_ends_everything_that_it_has(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders, operation: Any
):
    admin = make.session(make.account(is_global_admin=True))
    session = make.session()
    make.api_token(session)
    revocation_id = requested(database, operation, caller=admin.caller, account_id=session.account_id)

    assert perform(database, publisher, revocation_id) == DONE

    assert publisher.targets[0] == ("account", str(session.account_id))
    assert live_sessions(facts, session.account_id) == 0
    assert live_sessions(facts, admin.account_id) == 1
    assert facts.value("SELECT count(*) FROM api_token WHERE revoked_at IS NULL") == 0
    (event,) = facts.successes(revocation_id)
    assert event["actor_id"] == str(admin.account_id)
    assert event["account_id"] == str(session.account_id)


def test_revoking_a_grant_ends_its_support_sessions_and_only_those(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    """B229."""
    organization = make.organization()
    grant = make.grant(organization)
    admin = make.session(make.account(is_global_admin=True))
    support = make.support_session(organization, admin)
    revocation_id = requested(
        database,
        revoke_support_grant,
        caller=organization.admin.caller,
        org=organization.slug,
        grant_id=GrantId(grant.grant_id),
    )

    perform(database, publisher, revocation_id)

    assert publisher.targets == [("session", support.token_hash)]
    assert facts.closures() == [("close", "session", "support_access_revoked")]
    row = facts.revocation(revocation_id)
    assert (row["grants_ended"], row["sessions_ended"]) == (1, 1)
    (revoked,) = facts.rows(
        "SELECT revoked_by, revoked_at <= expires_at AS is_in_time FROM support_access_grant"
    )
    assert (revoked["revoked_by"], revoked["is_in_time"]) == (organization.admin.account_id, True)
    (event,) = facts.successes(revocation_id)
    assert event["grant_id"] == str(grant.grant_id)
    assert event["actor_id"] == str(organization.admin.account_id)
    assert event["org_id"] == str(organization.org_id)


def test_of_two_revocations_of_one_session_only_the_first_ends_it_and_tells(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    org = make.organization()
    member = make.session(make.member(org))
    first = requested(database, end_own_session, caller=member.caller, session_id=member.session_id)
    second = RevocationId(uuid7())
    facts.run(
        """
        INSERT INTO revocation (id, kind, source, reason, account_id, target_id)
        SELECT %(second)s, kind, source, reason, account_id, target_id FROM revocation WHERE id = %(first)s
        """,
        first=first,
        second=second,
    )

    assert perform(database, publisher, first) == DONE
    assert perform(database, publisher, second) == DONE

    assert len(publisher.messages) == 1
    assert len(facts.closures()) == 1
    assert (
        facts.value("SELECT count(*) FROM audit_event WHERE outcome = 'success' AND type = 'session_revoke'")
        == 1
    )


def test_a_kind_of_a_newer_version_is_left_to_a_newer_worker(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    """B247."""
    session = make.session()
    revocation_id = requested(database, end_own_session, caller=session.caller, session_id=session.session_id)
    facts.run("UPDATE revocation SET kind = 'session_quarantine'")

    assert perform(database, publisher, revocation_id) is None

    assert facts.revocation(revocation_id)["performed_at"] is None
    assert live_sessions(facts, session.account_id) == 1


def test_an_admin_ends_a_members_session_under_their_own_name(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    org = make.organization()
    member = make.session(make.member(org))
    revocation_id = requested(
        database, end_account_session, caller=org.admin.caller, session_id=member.session_id
    )

    perform(database, publisher, revocation_id)

    (event,) = facts.successes(revocation_id)
    assert event["actor_id"] == str(org.admin.account_id)
    assert event["account_id"] == str(member.account_id)


def test_ten_thousand_sessions_end_in_one_transaction(
    database: Database, publisher: RecordingPublisher, facts: Facts, make: Builders
):
    account = make.account()
    session = make.session(account)
    make.many_sessions(account, 10_000)
    revocation_id = requested(database, end_all_own_sessions, caller=session.caller, except_current=True)

    assert perform(database, publisher, revocation_id) == DONE

    assert live_sessions(facts, account.account_id) == 1
    assert facts.value("SELECT count(DISTINCT xact_id) FROM closure") == 1
    assert facts.revocation(revocation_id)["sessions_ended"] == 10_000
