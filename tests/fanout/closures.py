"""Closures as Hypothesis makes them, and a few by hand."""

import uuid
from datetime import UTC, datetime

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
causes = st.builds(
    Cause,
    reason=st.sampled_from(Reason),
    invalidates=st.frozensets(st.sampled_from(CredentialType)),
    transaction=st.integers(1, 2**62).map(TransactionId),
    revocation_id=st.none() | st.uuids().map(RevocationId),
    committed_after=st.none() | st.datetimes(timezones=st.just(UTC)),
)
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
