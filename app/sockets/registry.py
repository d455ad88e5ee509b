"""Every socket of this node, found by what it depends on. Satisfies `ConnectionCloser` structurally.

Closing is decided here, synchronously: when a method returns, the gates are shut. What then happens to the
sockets (last message, close frame, abort) is the shell's, which is told by `on_shut`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Literal

from app.domain.closing import Closing, Reason
from app.domain.credentials import ALL_CREDENTIAL_TYPES
from app.domain.radius import closing_for, is_stronger
from app.domain.targets import Action, Cause, Closure, Target, TargetKind
from app.sockets.census import Census
from app.sockets.dependence import depends_on, has_seen
from app.sockets.directory import Directory
from app.sockets.entry import Entry
from app.sockets.recent_closures import RecentClosures

__all__ = ["REVOKED", "Registry", "Via"]

REVOKED = Cause(reason=Reason.REVOKED, invalidates=ALL_CREDENTIAL_TYPES)
"""What `cause="revoked"` stands for."""


class Via(StrEnum):
    """What brought the news that a socket must close."""

    DOORBELL = "doorbell"
    TAIL = "tail"
    DEADLINE = "deadline"
    RECHECK = "recheck"
    RECONCILIATION = "reconciliation"
    NODE = "node"


OnShut = Callable[[Sequence[Entry], Cause | None, Via], None]


class Registry:
    """The attached sockets, pending and admitted, and the closures applied while some were pending."""

    def __init__(self, on_shut: OnShut) -> None:
        self._on_shut = on_shut
        self._entries: dict[Entry, None] = {}
        self._pending: dict[Entry, None] = {}
        self._directory = Directory()
        self._owing: dict[Entry, None] = {}
        self.recent = RecentClosures()
        self.census = Census(self.matching)

    # Attach, admit, detach ------------------------------------------------------------------------------

    def attach(self, entry: Entry, *, now: float) -> None:
        """The socket is known, closeable and mute, before its credential is read (R8)."""
        entry.attached_order = self.recent.next_order()
        entry.attached_at = now
        entry.is_attached = True
        self._entries[entry] = None
        self._pending[entry] = None
        self._directory.add(entry)

    def verify_again(self, entry: Entry) -> None:
        """The pending entry's next read is sent after this, and has seen whatever has been applied by now."""
        if self._pending.pop(entry, entry) is None:
            entry.attached_order = self.recent.next_order()
            self._pending[entry] = None
            self._forget_closures()

    def admit(self, entry: Entry) -> None:
        """The socket may speak, and is found by everything that the read has taught us."""
        self._forget_pending(entry)
        entry.is_admitted = True
        entry.is_mute = False
        self._directory.add(entry)
        self.census.changed(entry)

    def detach(self, entry: Entry) -> None:
        """The socket is forgotten: its transport is gone, or it was never admitted. Repeating it changes nothing."""
        if not entry.is_attached:
            return
        entry.is_attached = False
        del self._entries[entry]
        self._forget_pending(entry)
        self._owing.pop(entry, None)
        self._directory.discard(entry)
        if entry.is_admitted and entry.closing is None:  # else that was told when its gate was shut
            self.census.changed(entry)

    # ConnectionCloser -----------------------------------------------------------------------------------

    def close_sockets_for_session(
        self, session_token_hash: str, *, cause: Cause | Literal["revoked"] = "revoked"
    ) -> int:
        """Every socket authenticated with the session token of that hash is closed; the number closed now."""
        return self._apply_close(Target(TargetKind.SESSION, session_token_hash), cause, Via.DOORBELL)

    def close_sockets_for_token(
        self, api_token_id: str, *, cause: Cause | Literal["revoked"] = "revoked"
    ) -> int:
        """Every socket authenticated with the API token of that id is closed; the number closed now."""
        return self._apply_close(Target(TargetKind.TOKEN, api_token_id), cause, Via.DOORBELL)

    def close_sockets_for_account(
        self, account_id: str, *, cause: Cause | Literal["revoked"] = "revoked"
    ) -> int:
        """Every socket of that account is closed; those whose credential is still valid are told to reconnect."""
        return self._apply_close(Target(TargetKind.ACCOUNT, account_id), cause, Via.DOORBELL)

    # Closures -------------------------------------------------------------------------------------------

    def apply(self, closure: Closure, *, via: Via, generation: int) -> int:
        """The closure is applied: sockets that it closes have their gates shut, those to recheck are mute.

        Sockets whose read already saw its transaction are spared (R12). Returns how many were closed now.
        `generation` is that of the poll being applied; a recheck is owed from it on.
        """
        if closure.action is Action.CLOSE:
            return self._apply_close(closure.target, closure.cause, via)
        if self._pending:
            self.recent.remember(closure)
        for entry in self.matching(closure.target):
            self._owe(entry, closure.cause, generation)
        return 0

    def matching(self, target: Target) -> tuple[Entry, ...]:
        """The sockets, pending ones included, that are known to depend on the target; none for an empty key."""
        if target.kind is TargetKind.TABLE:
            return tuple(entry for entry in self._entries if depends_on(entry, target))
        return self._directory.under(target)

    def concerned(self, kind: TargetKind, keys: Collection[str]) -> Collection[str]:
        """Those of the keys that a closure may be about here: all while a socket opens, as its read is yet to tell."""
        return keys if self._pending else self._directory.known(kind, keys)

    def shut(self, entries: Iterable[Entry], closing: Callable[[Entry], Closing], *, via: Via) -> int:
        """The admitted ones among the entries have their gates shut, each with its own closing; how many now."""
        closed = [entry for entry in entries if self._shut_one(entry, closing(entry), None)]
        self._tell(closed, None, via)
        return len(closed)

    # Reads that are owed --------------------------------------------------------------------------------

    def owe_read(self, entries: Iterable[Entry]) -> None:
        """The entries are to be read; whoever has to be mute until then is so already."""
        for entry in entries:
            if entry.is_attached and entry.closing is None and entry.is_admitted:
                self._owing[entry] = None

    def mute_before_epoch(self, epoch: int, *, generation: int) -> None:
        """Whoever was verified under an earlier baseline is mute, and owes a read from that generation on.

        A read that counts under the new one has seen what was owed under the old.
        """
        for entry in self._entries:
            if entry.epoch < epoch and entry.is_admitted and entry.closing is None:
                entry.owed = ()
                self._mute(entry, generation)

    def owing(self) -> tuple[Entry, ...]:
        """Who is to be read, as it stands now."""
        return tuple(self._owing)

    def read_is_done(self, entry: Entry) -> None:
        """Nothing is owed any more, and the entry speaks on unless its deadline says otherwise."""
        entry.owed = ()
        entry.owed_since = -1
        entry.is_mute = False
        self._owing.pop(entry, None)

    @property
    def owed_since(self) -> int | None:
        """The earliest generation of which a recheck or a reconciliation is still owed a read; None when none is."""
        return min((entry.owed_since for entry in self._owing if entry.owed_since >= 0), default=None)

    # Counting -------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def pending_count(self) -> int:
        """Sockets that are attached and not yet admitted."""
        return len(self._pending)

    @property
    def index_size(self) -> int:
        """Keys in all indexes together; zero when nobody is attached."""
        return len(self._directory)

    # Private --------------------------------------------------------------------------------------------

    def _apply_close(self, target: Target, cause: Cause | Literal["revoked"], via: Via) -> int:
        cause = cause if isinstance(cause, Cause) else REVOKED
        if self._pending:
            self.recent.remember(Closure(action=Action.CLOSE, target=target, cause=cause))
        closed, struck = list[Entry](), 0
        for entry in self._directory.under(target):
            closing = closing_for(target.kind, cause, entry.credential_type)
            if not entry.is_admitted:
                struck += entry.strike(closing)
            elif not has_seen(entry, cause) and self._shut_one(entry, closing, cause):
                closed.append(entry)
        self._tell(closed, cause, via)
        return len(closed) + struck

    def _tell(self, closed: Sequence[Entry], cause: Cause | None, via: Via) -> None:
        """All their gates are shut. The shell first, which writes; whatever only counts can wait."""
        if closed:
            self._on_shut(closed, cause, via)
            for entry in closed:
                self.census.changed(entry)

    def _shut_one(self, entry: Entry, closing: Closing, cause: Cause | None) -> bool:
        if not entry.is_admitted:
            return False
        if entry.closing is not None:
            if is_stronger(closing, entry.closing) and not entry.has_begun_to_close:
                entry.closing = closing
            return False
        entry.closing = closing
        entry.revocation_id = cause.revocation_id if cause is not None else None
        self._owing.pop(entry, None)
        return True

    def _owe(self, entry: Entry, cause: Cause, generation: int) -> None:
        if entry.closing is not None or not entry.is_admitted or has_seen(entry, cause):
            return
        if cause.transaction is not None:
            entry.owed = (*entry.owed, cause.transaction)
        self._mute(entry, generation)

    def _mute(self, entry: Entry, generation: int) -> None:
        if entry.owed_since < 0:
            entry.owed_since = generation
        entry.is_mute = True
        self._owing[entry] = None

    def _forget_pending(self, entry: Entry) -> None:
        if self._pending.pop(entry, entry) is None:
            self._forget_closures()

    def _forget_closures(self) -> None:
        oldest = next(iter(self._pending), None)
        self.recent.forget_before(None if oldest is None else oldest.attached_order)
