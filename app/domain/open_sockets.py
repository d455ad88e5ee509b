"""How many open sockets there are on a credential: what a node tells."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.credentials import CredentialType
from app.domain.ids import AccountId

__all__ = ["CensusPart", "SocketCount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketCount:
    """So many sockets may speak on that credential at one node; with 0, there are none any more.

    `credential_id` is that of the session or the API token, and of the account for a daemon token.
    """

    credential_type: CredentialType
    credential_id: UUID
    account_id: AccountId
    sockets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusPart:
    """Counts that one node tells in one go. With `ends_round`, what was not told in this round is gone."""

    counts: tuple[SocketCount, ...]
    round: int
    ends_round: bool

    def __bool__(self) -> bool:
        return bool(self.counts) or self.ends_round
