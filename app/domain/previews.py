"""What will end, said before it does: whom it concerns, and how much."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ApiTokenId, GrantId, SessionId

__all__ = [
    "AccountAct",
    "AccountEnding",
    "Ending",
    "GrantEnding",
    "Preview",
    "SessionEnding",
    "TokenEnding",
    "ending_of_account",
]


class AccountAct(StrEnum):
    """What is done to an account: all its sessions end, all its API tokens, or both with whatever else it has."""

    SESSIONS = "sessions"
    TOKENS = "tokens"
    SUSPEND = "suspend"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class SessionEnding:
    """That session, and nothing else."""

    session_id: SessionId


@dataclass(frozen=True, slots=True)
class TokenEnding:
    """That API token, and nothing else."""

    api_token_id: ApiTokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEnding:
    """Everything of those types that the account has; its other sockets are asked to reconnect.

    With `sparing`, every session but that one, each by its name: then nobody is asked to reconnect.
    """

    account_id: AccountId
    invalidates: frozenset[CredentialType]
    sparing: SessionId | None = None


@dataclass(frozen=True, slots=True)
class GrantEnding:
    """That support access grant, and the sessions opened under it."""

    grant_id: GrantId


Ending: TypeAlias = SessionEnding | TokenEnding | AccountEnding | GrantEnding


def ending_of_account(account_id: AccountId, act: AccountAct) -> AccountEnding:
    """What the act ends of the account."""
    return AccountEnding(account_id=account_id, invalidates=_INVALIDATES[act])


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """How much ends, as of now. Of `sessions`, `support_sessions` are under a grant, and `dormant_sessions` have expired,
    but a refresh would revive them.

    `closes` sockets end with their credential (4001), `reconnects` are asked to come back on theirs, which stays valid
    (4005); they are on `nodes` nodes. So they were told about a second ago by the nodes that are heard of: what
    `silent_nodes` hold, nobody can say.
    """

    sessions: int
    support_sessions: int
    dormant_sessions: int
    api_tokens: int
    grants: int
    closes: int
    reconnects: int
    nodes: int
    silent_nodes: int


_INVALIDATES = {
    AccountAct.SESSIONS: frozenset({CredentialType.SESSION}),
    AccountAct.TOKENS: frozenset({CredentialType.API_TOKEN}),
    AccountAct.SUSPEND: frozenset(CredentialType),
    AccountAct.DELETE: frozenset(CredentialType),
}
