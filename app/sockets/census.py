"""Which credentials have other numbers of sockets than was last told, a bounded part at a time.

When a socket comes or goes it is only noted; it is looked at, and counted, when somebody asks. A round goes once through
everybody, for whoever may have lost what was told before.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias
from uuid import UUID

from app.domain.credentials import CredentialType
from app.domain.ids import AccountId
from app.domain.open_sockets import CensusPart, SocketCount
from app.domain.targets import Target, TargetKind
from app.sockets.entry import Entry

__all__ = ["NOTED_AT_MOST", "Census"]

NOTED_AT_MOST = 500
"""Sockets that wait to be looked at: a millisecond of the event loop, and of those that have gone no more are kept."""


class _Credential(NamedTuple):
    """A tuple, since one is made for each socket that comes or goes."""

    credential_id: UUID
    account_id: AccountId
    kind: TargetKind
    found_under: str | UUID


_Key: TypeAlias = tuple[CredentialType, UUID]


class Census:
    """`find` gives the sockets that depend on a target, as the registry does."""

    def __init__(self, find: Callable[[Target], Sequence[Entry]]) -> None:
        self._find = find
        self._noted: dict[Entry, None] = {}
        self._changed: dict[_Key, _Credential] = {}
        self._taken: dict[_Key, _Credential] = {}
        self._round_of: list[Entry] = []
        self._round = 0
        self._round_is_open = False

    def changed(self, entry: Entry) -> None:
        """The number of sockets on the entry's credential may not be what was told."""
        self._noted[entry] = None
        if len(self._noted) >= NOTED_AT_MOST:
            self._look()

    def begin_round(self, entries: Iterable[Entry]) -> None:
        """Everybody is told again, whatever was told before; a round that is not over begins anew."""
        self._round_of = list(entries)
        self._round += 1
        self._round_is_open = True

    def take(self, limit: int) -> CensusPart:
        """What is to be told next, of at most so many credentials, counted now. What was taken but not told comes again."""
        self._look()
        self._changed = self._taken | self._changed
        room = max(0, limit - len(self._changed))
        visited, self._round_of = self._round_of[:room], self._round_of[room:]
        for entry in visited:
            self._keep(entry)
        self._taken = {key: self._changed.pop(key) for key in list(islice(self._changed, limit))}
        return CensusPart(
            counts=tuple(self._count(key, credential) for key, credential in self._taken.items()),
            round=self._round,
            ends_round=self._round_is_open and not self._round_of and not self._changed,
        )

    def told(self, part: CensusPart) -> None:
        """The part that was taken last is where it belongs."""
        self._taken = {}
        if part.ends_round and part.round == self._round:
            self._round_is_open = False

    @property
    def has_more(self) -> bool:
        """Whether there is anything to tell."""
        self._look()
        return bool(self._changed or self._taken or self._round_is_open)

    def is_behind(self, limit: int) -> bool:
        """Whether more waits to be told than a part of that limit holds; what has just changed is not that yet."""
        self._look()
        return bool(self._round_of) or len(self._changed) > limit

    def _look(self) -> None:
        noted, self._noted = self._noted, {}
        for entry in noted:
            self._keep(entry)

    def _keep(self, entry: Entry) -> None:
        """Nothing, if its credential was never read."""
        credential = _credential_of(entry)
        if credential is not None:
            self._changed[entry.credential_type, credential.credential_id] = credential

    def _count(self, key: _Key, credential: _Credential) -> SocketCount:
        credential_type, credential_id = key
        found = self._find(Target(credential.kind, str(credential.found_under)))
        return SocketCount(
            credential_type=credential_type,
            credential_id=credential_id,
            account_id=credential.account_id,
            sockets=sum(_is_open(entry) and entry.credential_type is credential_type for entry in found),
        )


def _is_open(entry: Entry) -> bool:
    return entry.is_admitted and entry.closing is None


def _credential_of(entry: Entry) -> _Credential | None:
    """None for an entry whose credential has not been read."""
    account_id = entry.account_id
    if account_id is None:
        return None
    match entry.credential_type:
        case CredentialType.SESSION if entry.session_id is not None and entry.token_hash is not None:
            return _Credential(entry.session_id, account_id, TargetKind.SESSION, entry.token_hash)
        case CredentialType.API_TOKEN if entry.api_token_id is not None:
            return _Credential(entry.api_token_id, account_id, TargetKind.TOKEN, entry.api_token_id)
        case CredentialType.DAEMON_TOKEN:
            return _Credential(account_id, account_id, TargetKind.ACCOUNT, account_id)
        case _:
            return None
