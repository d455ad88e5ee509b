"""What the registry knows of one socket."""

from dataclasses import dataclass
from math import inf
from typing import Any

from app.domain.closing import CloseCode, Closing
from app.domain.credentials import CredentialType
from app.domain.ids import (
    AccountId,
    ApiTokenId,
    ConnectionId,
    GrantId,
    RevocationId,
    SessionId,
    TokenHash,
    TransactionId,
)
from app.domain.snapshot import Snapshot

__all__ = ["Entry"]


@dataclass(slots=True, eq=False, kw_only=True)
class Entry:
    """A socket: attached and mute, then admitted, then closing; forgotten only when its transport is gone.

    Times are seconds of the node's suspend-proof clock. `handle` is whatever the shell needs to reach the
    socket; nothing in here looks at it.
    """

    connection_id: ConnectionId
    credential_type: CredentialType
    token_hash: TokenHash | None
    account_id: AccountId | None = None
    session_id: SessionId | None = None
    api_token_id: ApiTokenId | None = None
    grant_id: GrantId | None = None
    account_key: str | None = None
    """The account as targets spell it, once the socket is found by it: spelling an id takes as long as looking it up."""

    is_attached: bool = False
    attached_order: int = -1
    attached_at: float = 0.0
    is_struck: bool = False
    """A closure has named it while it was pending, and has been counted for it."""

    is_admitted: bool = False
    is_mute: bool = True
    """Not admitted yet, or owing a read since a recheck, a reset or a reconciliation."""

    snapshot: Snapshot | None = None
    """Of the last read that counts: a closure whose transaction it saw has been taken into account."""

    epoch: int = -1
    """Under which baseline that read was made."""

    deadline: float = inf
    owed: tuple[TransactionId, ...] = ()
    """The rechecks that no read has seen yet."""

    owed_since: int = -1
    """The generation of the first poll whose recheck, or reconciliation, has not been answered yet."""

    closing: Closing | None = None
    has_begun_to_close: bool = False
    """The peer is being told: the closing does not change any more."""

    revocation_id: RevocationId | None = None
    handle: Any = None

    def strike(self, closing: Closing) -> bool:
        """Whether it is pending and has now, and for the first time, been named by a closure that will refuse it."""
        if self.is_admitted or self.is_struck:
            return False
        self.is_struck = closing.code is not CloseCode.RECONNECT
        return self.is_struck
