"""The rows of the simulated database, and what a verifying read makes of them."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.domain.closing import Reason
from app.domain.credential_state import CredentialRecord, GrantRecord
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ApiTokenId, GrantId, OrgId, SessionId, TokenHash
from app.domain.snapshot import Snapshot
from tests.simulation.ticks import NEVER, instant

__all__ = ["Account", "Credential", "Grant", "Table", "identifier", "record_of"]

ORG = OrgId(UUID(int=1))


class Account(NamedTuple):
    """Stamps and instants of issue are numbers of one order, made under the account's lock."""

    last_instant: int = 0
    sessions_ended_at: int = -1
    tokens_revoked_at: int = -1
    suspended: bool = False
    signed_out: int = 0


class Grant(NamedTuple):
    """A support access grant."""

    expires_at: int
    revoked: bool = False


class Credential(NamedTuple):
    """A session, an API token, or the account's daemon token, which is no row of its own in the real database."""

    kind: CredentialType
    account: int
    issued_at: int
    ends_at: int = NEVER
    ended: Reason | None = None
    grant: int | None = None
    is_deleted: bool = False


class Table(dict[int, list[tuple[int, Any]]]):
    """Rows by number, each with its versions: the transaction that wrote it, and what it wrote."""


def identifier(number: int) -> UUID:
    """The id that goes with a row's number."""
    return UUID(int=number + 100)


def record_of(
    number: int, row: Credential, account: Account, grant: Grant | None, *, now: int, snapshot: Snapshot
) -> CredentialRecord:
    """What the shipped verifying read returns for these rows."""
    kind = row.kind
    is_session = kind is CredentialType.SESSION
    stamp = {
        CredentialType.SESSION: account.sessions_ended_at,
        CredentialType.API_TOKEN: account.tokens_revoked_at,
        CredentialType.DAEMON_TOKEN: -1,
    }[kind]
    has_row = kind is not CredentialType.DAEMON_TOKEN
    return CredentialRecord(
        credential_type=kind,
        token_hash=TokenHash(f"{number:064x}") if has_row else None,
        account_id=AccountId(identifier(row.account)),
        session_id=SessionId(identifier(number)) if is_session else None,
        api_token_id=ApiTokenId(identifier(number)) if kind is CredentialType.API_TOKEN else None,
        grant=None if grant is None or row.grant is None else _grant(row.grant, grant),
        issued_at=_order(row.issued_at) if has_row else None,
        ends_at=None if row.ends_at == NEVER else instant(row.ends_at),
        renewable_until=instant(64 * 10_000) if is_session else None,
        ended_at=None if row.ended is None else instant(now),
        end_reason=row.ended,
        account_stamp=None if stamp < 0 else _order(stamp),
        account_stamp_reason=None,
        suspended_at=instant(0) if account.suspended else None,
        deleted_at=None,
        read_at=instant(now),
        snapshot=snapshot,
    )


def _grant(number: int, grant: Grant) -> GrantRecord:
    return GrantRecord(
        grant_id=GrantId(identifier(number)),
        org_id=ORG,
        read_only=False,
        expires_at=instant(grant.expires_at),
        revoked_at=instant(0) if grant.revoked else None,
    )


def _order(number: int) -> datetime:
    return instant(number)
