"""Whom a revocation aims at, and the closure that says so."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.ids import RevocationId, TransactionId

__all__ = ["Action", "Announced", "Cause", "Closure", "Target", "TargetKind"]


class TargetKind(StrEnum):
    """What a target's key is: a session token's hash, an API token's id, an account's id, a grant's id, a table."""

    SESSION = "session"
    TOKEN = "token"
    ACCOUNT = "account"
    GRANT = "grant"
    TABLE = "table"
    """Everything that depends on a credential table by that name; only ever rechecked, never closed."""


class Action(StrEnum):
    """`close`: these sockets end. `recheck`: read their credentials again, and close those that are dead."""

    CLOSE = "close"
    RECHECK = "recheck"


@dataclass(frozen=True, slots=True)
class Target:
    """One kind and one key; there is no target that means "all"."""

    kind: TargetKind
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a closure knows besides its target.

    `transaction` is the one that committed it: whoever verified in a snapshot that saw it is spared. None
    spares nobody who is attached. `invalidates` matters for accounts only: sockets on another type of
    credential are told to reconnect.
    """

    reason: Reason
    invalidates: frozenset[CredentialType]
    transaction: TransactionId | None = None
    revocation_id: RevocationId | None = None
    committed_after: datetime | None = None
    """When the row was written, by the database's clock; its commit came later. For latencies only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A row of the closure log, or the same fact off the bus."""

    action: Action
    target: Target
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What has been written to the log of one database cluster, to be said on the bus once it is committed."""

    system_identifier: str
    closures: tuple[Closure, ...]
