"""Whether a credential is alive, decided from what one read of the database returned."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ApiTokenId, GrantId, OrgId, SessionId, TokenHash
from app.domain.snapshot import Snapshot

__all__ = ["Alive", "CredentialRecord", "Dead", "GrantRecord", "state_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRecord:
    """The support access grant that a support session was opened under."""

    grant_id: GrantId
    org_id: OrgId
    read_only: bool
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRecord:
    """A credential, its account's stamps and its grant, as one statement saw them.

    `read_at` is that statement's time on the database's clock and `snapshot` its snapshot. `ends_at` is
    None for what does not expire; `renewable_until` is the session's absolute end. `account_stamp` is the
    account's instant that ends everything of this type issued up to it.
    """

    credential_type: CredentialType
    token_hash: TokenHash | None
    account_id: AccountId
    session_id: SessionId | None
    api_token_id: ApiTokenId | None
    grant: GrantRecord | None
    issued_at: datetime | None
    ends_at: datetime | None
    renewable_until: datetime | None
    ended_at: datetime | None
    end_reason: Reason | None
    account_stamp: datetime | None
    account_stamp_reason: Reason | None
    suspended_at: datetime | None
    deleted_at: datetime | None
    read_at: datetime
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """Valid for another `remaining` from the read (None: no end of its own), then dead for `end_reason`."""

    remaining: timedelta | None
    end_reason: Reason | None
    can_refresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """Not valid, and why. `can_refresh`: a session that has only expired, and not for good."""

    reason: Reason
    can_refresh: bool = False


def state_of(record: CredentialRecord) -> Alive | Dead:
    """The state of the credential at the instant of the read; equal to its end is over (half-open interval)."""
    early = _early_end(record)
    if early is not None:
        return Dead(reason=early)
    end, reason = _natural_end(record)
    can_refresh = (
        reason is Reason.SESSION_EXPIRED
        and record.grant is None
        and record.renewable_until is not None
        and record.read_at < record.renewable_until
    )
    if end is None:
        return Alive(remaining=None, end_reason=None, can_refresh=False)
    if end <= record.read_at:
        return Dead(reason=reason or Reason.REVOKED, can_refresh=can_refresh)
    outlives = record.renewable_until is not None and end < record.renewable_until
    return Alive(remaining=end - record.read_at, end_reason=reason, can_refresh=can_refresh and outlives)


def _early_end(record: CredentialRecord) -> Reason | None:
    grant = record.grant
    if record.ended_at is not None:
        return record.end_reason or _REVOKED[record.credential_type]
    if (
        record.account_stamp is not None
        and record.issued_at is not None
        and record.issued_at <= record.account_stamp
    ):
        return record.account_stamp_reason or _REVOKED[record.credential_type]
    if record.deleted_at is not None:
        return Reason.ACCOUNT_DELETED
    if record.suspended_at is not None:
        return Reason.ACCOUNT_SUSPENDED
    if grant is not None and grant.revoked_at is not None:
        return Reason.SUPPORT_ACCESS_REVOKED
    return None


def _natural_end(record: CredentialRecord) -> tuple[datetime | None, Reason | None]:
    """The earliest end that the clock will bring; at one instant, the grant's reason is told."""
    if record.credential_type is CredentialType.API_TOKEN:
        return record.ends_at, Reason.TOKEN_EXPIRED
    own, grant = record.ends_at, record.grant
    if grant is not None and (own is None or grant.expires_at <= own):
        return grant.expires_at, Reason.SUPPORT_ACCESS_ENDED
    return own, Reason.SESSION_EXPIRED if own is not None else None


_REVOKED = {
    CredentialType.SESSION: Reason.SESSION_REVOKED,
    CredentialType.API_TOKEN: Reason.TOKEN_REVOKED,
    CredentialType.DAEMON_TOKEN: Reason.REVOKED,
}
