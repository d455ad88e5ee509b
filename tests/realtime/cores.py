"""The pure cores of a node, without one: for tests of the shells that feed them."""

from dataclasses import dataclass, field

from uuid_utils.compat import uuid7

from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ConnectionId, TokenHash
from app.sockets.currency import Currency
from app.sockets.deadlines import Deadlines
from app.sockets.entry import Entry
from app.sockets.registry import Registry
from tests.builders import MadeSession, MadeToken

__all__ = ["Clock", "Cores", "entry_of"]


@dataclass(slots=True)
class Clock:
    """A node's clock that stands still unless the test moves it."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Cores:
    """Registry, currency and deadlines; what was shut is kept."""

    currency: Currency
    registry: Registry = field(init=False)
    deadlines: Deadlines = field(default_factory=Deadlines)
    shut: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registry = Registry(lambda entries, _cause, _via: self.shut.extend(entries))

    @classmethod
    def with_lease(cls, lease_s: float) -> "Cores":
        return cls(Currency(lease_s=lease_s))

    def hold(self, made: MadeSession | MadeToken) -> Entry:
        """A socket on that credential, attached and admitted as if it had been read before anything happened."""
        entry = entry_of(made)
        self.registry.attach(entry, now=0.0)
        entry.account_id = made.account_id
        entry.api_token_id = made.api_token_id if isinstance(made, MadeToken) else None
        entry.epoch = self.currency.epoch
        self.registry.admit(entry)
        return entry


def entry_of(made: MadeSession | MadeToken) -> Entry:
    """An entry as it is when its socket begins to open."""
    is_session = isinstance(made, MadeSession)
    return new_entry(
        CredentialType.SESSION if is_session else CredentialType.API_TOKEN, token_hash=made.token_hash
    )


def new_entry(
    credential_type: CredentialType,
    *,
    token_hash: TokenHash | None = None,
    account_id: AccountId | None = None,
) -> Entry:
    return Entry(
        connection_id=ConnectionId(uuid7()),
        credential_type=credential_type,
        token_hash=token_hash,
        account_id=account_id,
    )
