"""Codes and advice: a closed table."""

import pytest

from app.domain.closing import CloseCode, Closing, Reason, Retry, closing_for_reason
from app.domain.credentials import CredentialType

SESSION, TOKEN, DAEMON = CredentialType.SESSION, CredentialType.API_TOKEN, CredentialType.DAEMON_TOKEN


@pytest.mark.parametrize(
    ("reason", "credential", "can_refresh", "code", "retry"),
    [
        (Reason.SESSION_REVOKED, SESSION, False, 4001, Retry.AFTER_SIGN_IN),
        (Reason.SESSION_REVOKED, SESSION, True, 4001, Retry.AFTER_SIGN_IN),
        (Reason.TOKEN_REVOKED, TOKEN, False, 4001, Retry.NEVER),
        (Reason.ACCOUNT_SUSPENDED, DAEMON, False, 4001, Retry.AFTER_SIGN_IN),
        (Reason.ACCOUNT_SUSPENDED, TOKEN, False, 4001, Retry.NEVER),
        (Reason.SUPPORT_ACCESS_ENDED, SESSION, False, 4001, Retry.AFTER_SIGN_IN),
        (Reason.SESSION_EXPIRED, SESSION, True, 4002, Retry.AFTER_REFRESH),
        (Reason.SESSION_EXPIRED, SESSION, False, 4002, Retry.AFTER_SIGN_IN),
        (Reason.TOKEN_EXPIRED, TOKEN, True, 4002, Retry.NEVER),
        (Reason.RECONNECT, SESSION, False, 4005, Retry.NOW),
        (Reason.HEARTBEAT_TIMEOUT, SESSION, False, 4003, Retry.NOW),
        (Reason.NODE_SHUTTING_DOWN, TOKEN, False, 1012, Retry.NOW),
        (Reason.NODE_NOT_CURRENT, TOKEN, False, 1013, Retry.NOW),
        (Reason.POLICY_VIOLATION, SESSION, False, 1008, None),
        (Reason.FRAME_TOO_LARGE, SESSION, False, 1009, None),
        (Reason.INTERNAL_ERROR, SESSION, False, 1011, None),
    ],
)
def test_each_reason_has_its_code_and_advice(
    reason: Reason, credential: CredentialType, can_refresh: bool, code: int, retry: Retry | None
) -> None:
    """B188."""
    assert closing_for_reason(reason, credential, can_refresh=can_refresh) == Closing(
        code=CloseCode(code), reason=reason, retry=retry
    )


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("credential", list(CredentialType))
def test_every_reason_closes_every_credential_somehow(reason: Reason, credential: CredentialType) -> None:
    assert closing_for_reason(reason, credential).reason is reason


def test_4004_is_not_used() -> None:
    """B248."""
    assert 4004 not in set(CloseCode)
