"""Whether a credential is alive, and if not, why: decided from one read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from app.domain.closing import Reason
from app.domain.credential_state import Alive, CredentialRecord, Dead, GrantRecord, state_of
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, GrantId, OrgId, SessionId, TokenHash
from app.domain.snapshot import Snapshot

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

SESSION = CredentialRecord(
    credential_type=CredentialType.SESSION,
    token_hash=TokenHash("a" * 64),
    account_id=AccountId(uuid7()),
    session_id=SessionId(uuid7()),
    api_token_id=None,
    grant=None,
    issued_at=NOW - HOUR,
    ends_at=NOW + HOUR,
    renewable_until=NOW + 24 * HOUR,
    ended_at=None,
    end_reason=None,
    account_stamp=None,
    account_stamp_reason=None,
    suspended_at=None,
    deleted_at=None,
    read_at=NOW,
    snapshot=Snapshot(1, 1, frozenset()),
)
TOKEN = replace(
    SESSION, credential_type=CredentialType.API_TOKEN, session_id=None, ends_at=None, renewable_until=None
)
DAEMON = replace(TOKEN, credential_type=CredentialType.DAEMON_TOKEN, issued_at=None, token_hash=None)
GRANT = GrantRecord(
    grant_id=GrantId(uuid7()),
    org_id=OrgId(uuid7()),
    read_only=False,
    expires_at=NOW + HOUR / 2,
    revoked_at=None,
)
SUPPORT = replace(SESSION, grant=GRANT, renewable_until=SESSION.ends_at)


def test_a_session_is_alive_until_its_end_and_can_be_refreshed() -> None:
    assert state_of(SESSION) == Alive(remaining=HOUR, end_reason=Reason.SESSION_EXPIRED, can_refresh=True)


def test_at_its_absolute_end_a_refresh_cannot_help() -> None:
    last = replace(SESSION, ends_at=SESSION.renewable_until)
    assert state_of(last) == Alive(remaining=24 * HOUR, end_reason=Reason.SESSION_EXPIRED, can_refresh=False)


@pytest.mark.parametrize("credential", [SESSION, replace(TOKEN, ends_at=NOW + HOUR)])
def test_an_end_equal_to_now_is_over_and_one_microsecond_later_is_not(credential: CredentialRecord) -> None:
    """B205."""
    assert isinstance(state_of(replace(credential, ends_at=NOW)), Dead)
    assert isinstance(state_of(replace(credential, ends_at=NOW + timedelta(microseconds=1))), Alive)


def test_an_expired_session_can_be_refreshed_up_to_its_absolute_end() -> None:
    expired = replace(SESSION, ends_at=NOW - SECOND)
    assert state_of(expired) == Dead(reason=Reason.SESSION_EXPIRED, can_refresh=True)
    assert state_of(replace(expired, renewable_until=NOW)) == Dead(
        reason=Reason.SESSION_EXPIRED, can_refresh=False
    )


def test_tokens_and_daemons_without_an_end_have_none() -> None:
    for credential in (TOKEN, DAEMON):
        assert state_of(credential) == Alive(remaining=None, end_reason=None, can_refresh=False)


def test_an_expired_token_is_told_so() -> None:
    assert state_of(replace(TOKEN, ends_at=NOW)) == Dead(reason=Reason.TOKEN_EXPIRED)


@pytest.mark.parametrize(
    ("credential", "reason"),
    [(SESSION, Reason.SESSION_REVOKED), (TOKEN, Reason.TOKEN_REVOKED)],
)
def test_an_ended_credential_is_dead_for_its_reason_whatever_its_end(
    credential: CredentialRecord, reason: Reason
) -> None:
    ended = replace(credential, ended_at=NOW + HOUR, ends_at=NOW - HOUR)
    assert state_of(ended) == Dead(reason=reason)
    assert state_of(replace(ended, end_reason=Reason.LOGGED_OUT)) == Dead(reason=Reason.LOGGED_OUT)


def test_a_stamp_ends_what_was_issued_up_to_it_and_nothing_later() -> None:
    issued_at = SESSION.issued_at
    assert issued_at is not None
    stamped = replace(SESSION, account_stamp=issued_at, account_stamp_reason=Reason.PASSWORD_CHANGED)
    assert state_of(stamped) == Dead(reason=Reason.PASSWORD_CHANGED)
    assert isinstance(state_of(replace(stamped, account_stamp=issued_at - timedelta(microseconds=1))), Alive)


@pytest.mark.parametrize("credential", [SESSION, TOKEN, DAEMON, SUPPORT])
def test_suspended_and_deleted_accounts_have_nothing_alive(credential: CredentialRecord) -> None:
    assert state_of(replace(credential, suspended_at=NOW)) == Dead(reason=Reason.ACCOUNT_SUSPENDED)
    assert state_of(replace(credential, suspended_at=NOW, deleted_at=NOW)) == Dead(
        reason=Reason.ACCOUNT_DELETED
    )


def test_a_support_session_ends_with_its_grant() -> None:
    assert state_of(SUPPORT) == Alive(
        remaining=HOUR / 2, end_reason=Reason.SUPPORT_ACCESS_ENDED, can_refresh=False
    )
    over = replace(SUPPORT, grant=replace(GRANT, expires_at=NOW))
    assert state_of(over) == Dead(reason=Reason.SUPPORT_ACCESS_ENDED)
    revoked = replace(SUPPORT, grant=replace(GRANT, revoked_at=NOW))
    assert state_of(revoked) == Dead(reason=Reason.SUPPORT_ACCESS_REVOKED)


def test_at_one_instant_the_grants_reason_is_told_and_its_own_end_otherwise() -> None:
    both = replace(SUPPORT, grant=replace(GRANT, expires_at=NOW), ends_at=NOW)
    assert state_of(both) == Dead(reason=Reason.SUPPORT_ACCESS_ENDED)
    own_first = replace(SUPPORT, ends_at=NOW - SECOND, renewable_until=NOW + HOUR)
    assert state_of(own_first) == Dead(reason=Reason.SESSION_EXPIRED, can_refresh=False)
