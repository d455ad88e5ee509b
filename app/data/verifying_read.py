"""Reading credentials with all that decides whether they are alive, and the snapshot that the read saw.

One statement serves an opening (one token), a recheck, a deadline and a reconciliation (many). It is text, since two
callers run it: a node on asynchronous connections of its own, and the HTTP side through SQLAlchemy.
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

__all__ = ["VERIFY", "VERIFY_ONE", "Verification", "verification_from", "verify_parameters"]


def _read_of(*branches: str) -> str:
    found = " UNION ALL ".join(branches)
    return f"""
SELECT position.*, found.*
  FROM (SELECT pg_current_snapshot()::text AS snapshot, statement_timestamp() AS read_at, pg_is_in_recovery() AS in_recovery
       ) AS position
  LEFT JOIN ({found}) AS found (
        credential_type, token_hash, account_id, session_id, api_token_id,
        issued_at, ends_at, renewable_until, ended_at, end_reason,
        account_stamp, account_stamp_reason, suspended_at, deleted_at, is_global_admin,
        grant_id, org_id, read_only, grant_expires_at, grant_revoked_at
       ) ON true
"""  # noqa: S608 - constants


_SESSIONS = """
SELECT 'session', s.token_hash, s.account_id, s.id, NULL::uuid,
       s.issued_at, s.expires_at, s.absolute_expires_at, s.terminated_at, s.end_reason,
       a.sessions_ended_at, a.sessions_end_reason, a.suspended_at, a.deleted_at, a.is_global_admin,
       g.id, g.org_id, g.read_only, g.expires_at, g.revoked_at
  FROM session s JOIN account a ON a.id = s.account_id
  LEFT JOIN support_access_grant g ON g.id = s.grant_id
 WHERE s.token_hash = ANY(%(sessions)s) AND (s.grant_id IS NULL OR g.id IS NOT NULL)
"""
_API_TOKENS = """
SELECT 'api_token', t.token_hash, t.account_id, NULL, t.id,
       t.issued_at, t.expires_at, NULL, t.revoked_at, t.end_reason,
       a.tokens_revoked_at, a.tokens_end_reason, a.suspended_at, a.deleted_at, a.is_global_admin,
       NULL, NULL, NULL::boolean, NULL, NULL
  FROM api_token t JOIN account a ON a.id = t.account_id
 WHERE t.token_hash = ANY(%(api_tokens)s)
"""
_DAEMON_TOKENS = """
SELECT 'daemon_token', NULL, a.id, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL,
       NULL, NULL, a.suspended_at, a.deleted_at, a.is_global_admin,
       NULL, NULL, NULL, NULL, NULL
  FROM account a
 WHERE a.id = ANY(%(daemon_accounts)s)
"""

VERIFY = _read_of(_SESSIONS, _API_TOKENS, _DAEMON_TOKENS)
VERIFY_ONE: Mapping[CredentialType, str] = {
    CredentialType.SESSION: _read_of(_SESSIONS),
    CredentialType.API_TOKEN: _read_of(_API_TOKENS),
    CredentialType.DAEMON_TOKEN: _read_of(_DAEMON_TOKENS),
}
"""For one credential of that type: with the others' tables in it, PostgreSQL is busy for half as long again."""


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
