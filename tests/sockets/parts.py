"""What the tests of the cores are made of: entries, closures, readings, and a node's cores together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.domain.closing import Reason
from app.domain.credential_state import CredentialRecord, GrantRecord
from app.domain.credentials import CredentialType
from app.domain.ids import (
    AccountId,
    ApiTokenId,
    ConnectionId,
    GrantId,
    OrgId,
    RevocationId,
    SessionId,
    TokenHash,
    TransactionId,
)
from app.domain.snapshot import Snapshot
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.sockets.admission import (
    Admitted,
    NotCurrent,
    Reading,
    Refused,
    VerifyAgain,
    judge_opening,
    judge_recheck,
)
from app.sockets.currency import Currency, Next, Position
from app.sockets.deadlines import Deadlines
from app.sockets.entry import Entry
from app.sockets.registry import Registry, Via

SESSION, API_TOKEN, DAEMON = CredentialType.SESSION, CredentialType.API_TOKEN, CredentialType.DAEMON_TOKEN
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_TYPE = frozenset(CredentialType)


def number(key: int) -> UUID:
    return UUID(int=key)


def hash_of(key: int) -> TokenHash:
    return TokenHash(f"{key:064x}")


def entry(key: int = 1, *, kind: CredentialType = SESSION, account: int = 1) -> Entry:
    """A socket that comes with the credential of that number; only a daemon token says whose it is."""
    is_daemon = kind is DAEMON
    return Entry(
        connection_id=ConnectionId(number(key)),
        credential_type=kind,
        token_hash=None if is_daemon else hash_of(key),
        account_id=AccountId(number(account)) if is_daemon else None,
    )


def saw(*, up_to: int, except_for: Sequence[int] = ()) -> Snapshot:
    """A snapshot that saw all transactions up to that one, except for some that were running."""
    return Snapshot(min([*except_for, up_to + 1]), up_to + 1, frozenset(except_for))


def close(
    kind: TargetKind,
    key: str,
    *,
    transaction: int | None = 50,
    invalidates: frozenset[CredentialType] = EVERY_TYPE,
    revocation: int | None = None,
) -> Closure:
    cause = Cause(
        reason=Reason.REVOKED,
        invalidates=invalidates,
        transaction=None if transaction is None else TransactionId(transaction),
        revocation_id=None if revocation is None else RevocationId(number(revocation)),
    )
    return Closure(action=Action.CLOSE, target=Target(kind, key), cause=cause)


def recheck(kind: TargetKind, key: str, *, transaction: int = 50) -> Closure:
    closed = close(kind, key, transaction=transaction)
    return Closure(action=Action.RECHECK, target=closed.target, cause=closed.cause)


def record(
    of: Entry,
    *,
    account: int = 1,
    api_token: int | None = None,
    grant: int | None = None,
    lasts: timedelta | None = None,
    ended: Reason | None = None,
    snapshot: Snapshot | None = None,
) -> CredentialRecord:
    is_session = of.credential_type is SESSION
    return CredentialRecord(
        credential_type=of.credential_type,
        token_hash=of.token_hash,
        account_id=AccountId(number(account)),
        session_id=SessionId(UUID(of.token_hash[-32:])) if is_session and of.token_hash else None,
        api_token_id=None if api_token is None else ApiTokenId(number(api_token)),
        grant=None if grant is None else _grant(grant),
        issued_at=NOW - timedelta(hours=1),
        ends_at=None if lasts is None else NOW + lasts,
        renewable_until=NOW + timedelta(days=30) if is_session else None,
        ended_at=None if ended is None else NOW,
        end_reason=ended,
        account_stamp=None,
        account_stamp_reason=None,
        suspended_at=None,
        deleted_at=None,
        read_at=NOW,
        snapshot=snapshot or saw(up_to=10),
    )


@dataclass
class Cores:
    """A node's cores, current at the instants that the tests use: its baseline was read at 0, in the snapshot `base`."""

    base: Snapshot = field(default_factory=lambda: saw(up_to=10))
    shut: list[tuple[list[Entry], Via]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registry = Registry(lambda entries, _, via: self.shut.append((list(entries), via)))
        self.deadlines = Deadlines()
        self.currency = Currency(lease_s=3.0)
        self.poll(self.base, at=0.0)

    def poll(self, snapshot: Snapshot, *closures: Closure, at: float, timeline: int = 1) -> Next:
        """One good poll, applied."""
        ticket = self.currency.begin_poll(at)
        assert ticket is not None
        position = Position(snapshot=snapshot, system_identifier="7", timeline=timeline)
        calls_for = self.currency.receive(ticket, position)
        for closure in closures:
            self.apply(closure)
        self.currency.advance(ticket, position)
        return calls_for

    def apply(self, closure: Closure) -> int:
        return self.registry.apply(closure, via=Via.TAIL, generation=self.currency.generation)

    def attach(self, socket: Entry, *, at: float = 0.5) -> Entry:
        self.registry.attach(socket, now=at)
        return socket

    def reading(
        self, found: CredentialRecord | None, *, saw: Snapshot | None = None, sent_at: float = 0.5
    ) -> Reading:
        snapshot = saw or self.base
        return Reading(sent_at=sent_at, epoch=self.currency.epoch, snapshot=snapshot, record=found)

    def judge(
        self, socket: Entry, reading: Reading, *, now: float = 1.0
    ) -> Admitted | Refused | VerifyAgain | NotCurrent:
        return judge_opening(
            socket,
            reading,
            registry=self.registry,
            currency=self.currency,
            deadlines=self.deadlines,
            now=now,
            remember_s=60.0,
        )

    def judge_again(self, socket: Entry, reading: Reading) -> bool:
        return judge_recheck(
            socket,
            reading,
            registry=self.registry,
            currency=self.currency,
            deadlines=self.deadlines,
            via=Via.RECHECK,
        )

    def admitted(
        self,
        key: int = 1,
        *,
        kind: CredentialType = SESSION,
        account: int = 1,
        grant: int | None = None,
        lasts: timedelta | None = None,
        saw: Snapshot | None = None,
    ) -> Entry:
        """A socket that may speak; an API token's id has the same number as its hash."""
        socket = self.attach(entry(key, kind=kind, account=account))
        api_token = key if kind is API_TOKEN else None
        found = record(socket, account=account, api_token=api_token, grant=grant, lasts=lasts)
        assert self.judge(socket, self.reading(found, saw=saw)) == Admitted()
        return socket


def _grant(key: int) -> GrantRecord:
    return GrantRecord(
        grant_id=GrantId(number(key)),
        org_id=OrgId(number(9)),
        read_only=False,
        expires_at=NOW + timedelta(days=1),
        revoked_at=None,
    )
