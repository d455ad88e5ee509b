"""Exactly the right sockets: what a closure means for a socket by its credential."""

from dataclasses import replace

import pytest

from app.domain.closing import CloseCode, Reason, closing_for_reason
from app.domain.credentials import ALL_CREDENTIAL_TYPES, CredentialType
from app.domain.ids import TransactionId
from app.domain.radius import closing_for, in_order, is_stronger
from app.domain.targets import Action, Cause, Closure, Target, TargetKind


def cause(*invalidates: CredentialType, reason: Reason = Reason.ALL_SESSIONS_REVOKED) -> Cause:
    return Cause(reason=reason, invalidates=frozenset(invalidates))


@pytest.mark.parametrize("credential", list(CredentialType))
def test_an_account_closure_revokes_what_it_invalidated_and_has_the_rest_reconnect(
    credential: CredentialType,
) -> None:
    closing = closing_for(TargetKind.ACCOUNT, cause(CredentialType.SESSION), credential)
    expected = CloseCode.REVOKED if credential is CredentialType.SESSION else CloseCode.RECONNECT
    assert closing.code is expected


@pytest.mark.parametrize("credential", list(CredentialType))
def test_a_logout_invalidates_nothing_of_the_account(credential: CredentialType) -> None:
    closing = closing_for(TargetKind.ACCOUNT, cause(reason=Reason.LOGGED_OUT), credential)
    assert (closing.code, closing.reason) == (CloseCode.RECONNECT, Reason.RECONNECT)


@pytest.mark.parametrize("credential", list(CredentialType))
def test_a_suspension_revokes_every_type(credential: CredentialType) -> None:
    everything = cause(*ALL_CREDENTIAL_TYPES, reason=Reason.ACCOUNT_SUSPENDED)
    assert closing_for(TargetKind.ACCOUNT, everything, credential).code is CloseCode.REVOKED


@pytest.mark.parametrize("kind", [TargetKind.SESSION, TargetKind.TOKEN, TargetKind.GRANT])
def test_a_credentials_own_closure_revokes_whatever_it_invalidates(kind: TargetKind) -> None:
    assert (
        closing_for(kind, cause(reason=Reason.SESSION_REVOKED), CredentialType.SESSION).code
        is CloseCode.REVOKED
    )


def closure(kind: TargetKind, key: str, told: Cause, *, transaction: int | None = 7) -> Closure:
    number = None if transaction is None else TransactionId(transaction)
    return Closure(action=Action.CLOSE, target=Target(kind, key), cause=replace(told, transaction=number))


def test_what_says_revoked_comes_before_what_says_reconnect() -> None:
    logged_out = closure(TargetKind.ACCOUNT, "a", cause(reason=Reason.LOGGED_OUT))
    all_sessions = closure(TargetKind.ACCOUNT, "b", cause(CredentialType.SESSION))
    own = closure(TargetKind.SESSION, "c", cause(reason=Reason.LOGGED_OUT))
    assert in_order([logged_out, all_sessions, own]) == [own, all_sessions, logged_out]


def test_the_closures_of_one_account_and_transaction_are_one() -> None:
    sessions = closure(TargetKind.ACCOUNT, "a", cause(CredentialType.SESSION))
    tokens = closure(
        TargetKind.ACCOUNT, "a", cause(CredentialType.API_TOKEN, reason=Reason.ALL_TOKENS_REVOKED)
    )
    (one,) = in_order([sessions, tokens])
    assert one.cause.invalidates == {CredentialType.SESSION, CredentialType.API_TOKEN}
    assert one.cause.reason is Reason.ALL_SESSIONS_REVOKED


@pytest.mark.parametrize("transaction", [8, None])
def test_closures_of_other_transactions_or_of_none_stay_apart(transaction: int | None) -> None:
    first = closure(TargetKind.ACCOUNT, "a", cause(CredentialType.SESSION), transaction=transaction and 7)
    second = closure(TargetKind.ACCOUNT, "a", cause(CredentialType.API_TOKEN), transaction=transaction)
    assert len(in_order([first, second])) == 2


def test_a_dead_credentials_closing_replaces_one_that_invites_back_and_nothing_else_does():
    revoked, expired, reconnect = (
        closing_for_reason(reason, CredentialType.SESSION)
        for reason in (Reason.SESSION_REVOKED, Reason.SESSION_EXPIRED, Reason.RECONNECT)
    )
    assert is_stronger(revoked, reconnect)
    assert is_stronger(expired, reconnect)
    assert not is_stronger(reconnect, revoked)
    assert not is_stronger(expired, revoked)
