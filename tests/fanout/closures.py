"""Closures as Hypothesis makes them, and a few by hand."""

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from app.domain.closing import Reason
from app.domain.credentials import ALL_CREDENTIAL_TYPES, CredentialType
from app.domain.ids import RevocationId, TransactionId
from app.domain.targets import Action, Cause, Closure, Target, TargetKind

SYSTEM = "7412345678901234567"

hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
ids = st.uuids().map(str)
id_kinds = st.sampled_from([TargetKind.TOKEN, TargetKind.ACCOUNT, TargetKind.GRANT])
closeable = st.builds(Target, st.just(TargetKind.SESSION), hashes) | st.builds(Target, id_kinds, ids)
tables = st.builds(Target, st.just(TargetKind.TABLE), st.sampled_from(["session", "api_token", "account"]))


@st.composite
def made_causes(draw: st.DrawFn) -> Cause:
    """A transaction writes all its closures at one instant, or none of them says when."""
    transaction = draw(st.integers(1, 2**40))
    seconds = timedelta(seconds=transaction % 10**9, microseconds=transaction % 10**6)
    return Cause(
        reason=draw(st.sampled_from(Reason)),
        invalidates=draw(st.frozensets(st.sampled_from(CredentialType))),
        transaction=TransactionId(transaction),
        revocation_id=draw(st.none() | st.uuids().map(RevocationId)),
        committed_after=datetime(1990, 1, 1, tzinfo=UTC) + seconds if transaction % 2 else None,
    )


causes = made_causes()
closures = st.builds(Closure, action=st.just(Action.CLOSE), target=closeable, cause=causes) | st.builds(
    Closure, action=st.just(Action.RECHECK), target=closeable | tables, cause=causes
)


def closure_of(
    kind: TargetKind,
    key: str,
    *,
    action: Action = Action.CLOSE,
    reason: Reason = Reason.SESSION_REVOKED,
    invalidates: frozenset[CredentialType] = ALL_CREDENTIAL_TYPES,
    transaction: int | None = 77,
) -> Closure:
    cause = Cause(
        reason=reason,
        invalidates=invalidates,
        transaction=None if transaction is None else TransactionId(transaction),
        committed_after=datetime(2026, 11, 20, 12, 0, 0, 123456, UTC),
    )
    return Closure(action=action, target=Target(kind, key), cause=cause)


def hash_number(number: int) -> str:
    return f"{number:064x}"


def id_number(number: int) -> str:
    return str(uuid.UUID(int=number))
