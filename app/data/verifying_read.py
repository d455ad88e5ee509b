"""Reading credentials with all that decides whether they are alive, and the snapshot that the read saw.

One statement serves an opening and a request (one token), a recheck, a deadline and a reconciliation (many). It is text,
since two callers run it: a node on asynchronous connections of its own, and the HTTP side on those of the pool.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.closing import Reason
from app.domain.credential_state import CredentialRecord, GrantRecord
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ApiTokenId, GrantId, OrgId, SessionId, TokenHash
from app.domain.snapshot import Snapshot

__all__ = ["VERIFY", "Verification", "verification_from", "verify_parameters"]

VERIFY = "SELECT * FROM verify_credentials(%(sessions)s, %(api_tokens)s, %(daemon_accounts)s)"
"""The statement: a function of the database, since to plan it anew for each opening and each request takes longer than to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What one read found. A credential that is not among the records does not exist in that snapshot.

    A server in recovery may lag behind the truth: what it says admits nobody.
    """

    snapshot: Snapshot
    read_at: datetime
    in_recovery: bool
    records: tuple[CredentialRecord, ...]


def verify_parameters(
    *,
    sessions: Collection[TokenHash] = (),
    api_tokens: Collection[TokenHash] = (),
    daemon_accounts: Collection[AccountId] = (),
) -> dict[str, Any]:
    """The parameters of `VERIFY`: token hashes by type of credential, and the accounts of daemon tokens."""
    return {
        "sessions": list(sessions),
        "api_tokens": list(api_tokens),
        "daemon_accounts": list(daemon_accounts),
    }


def verification_from(rows: Iterable[Mapping[str, Any]]) -> Verification:
    """The answer of `VERIFY`."""
    returned = list(rows)
    head = returned[0]
    snapshot = Snapshot.parse(head["snapshot"])
    return Verification(
        snapshot=snapshot,
        read_at=head["read_at"],
        in_recovery=head["in_recovery"],
        records=tuple(_record(row, snapshot) for row in returned if row["credential_type"] is not None),
    )


def _record(row: Mapping[str, Any], snapshot: Snapshot) -> CredentialRecord:
    return CredentialRecord(
        credential_type=CredentialType(row["credential_type"]),
        token_hash=None if row["token_hash"] is None else TokenHash(row["token_hash"]),
        account_id=AccountId(row["account_id"]),
        session_id=None if row["session_id"] is None else SessionId(row["session_id"]),
        api_token_id=None if row["api_token_id"] is None else ApiTokenId(row["api_token_id"]),
        grant=_grant(row),
        issued_at=row["issued_at"],
        ends_at=row["ends_at"],
        renewable_until=row["renewable_until"],
        ended_at=row["ended_at"],
        end_reason=_reason(row["end_reason"]),
        account_stamp=row["account_stamp"],
        account_stamp_reason=_reason(row["account_stamp_reason"]),
        suspended_at=row["suspended_at"],
        deleted_at=row["deleted_at"],
        read_at=row["read_at"],
        snapshot=snapshot,
    )


def _grant(row: Mapping[str, Any]) -> GrantRecord | None:
    if row["grant_id"] is None:
        return None
    return GrantRecord(
        grant_id=GrantId(row["grant_id"]),
        org_id=OrgId(row["org_id"]),
        read_only=row["read_only"],
        expires_at=row["grant_expires_at"],
        revoked_at=row["grant_revoked_at"],
    )


def _reason(word: str | None) -> Reason | None:
    if word is None:
        return None
    return Reason(word) if word in _REASONS else Reason.REVOKED


_REASONS = frozenset(Reason)
