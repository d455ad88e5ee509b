"""An index from a key to the sockets under it; most keys have one socket, and then no dict is made for it."""

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from app.sockets.entry import Entry

__all__ = ["Index"]

Key = TypeVar("Key", bound=Hashable)


class Index(Generic[Key]):
    """Maps a key to one entry or to several in the order of their coming; a third of the memory of a dict of dicts."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[Key, Entry | dict[Entry, None]] = {}

    def add(self, key: Key, entry: Entry) -> None:
        """The entry is found under the key; adding it twice changes nothing."""
        present = self._entries.setdefault(key, entry)
        if isinstance(present, dict):
            present[entry] = None
        elif present is not entry:
            self._entries[key] = {present: None, entry: None}

    def discard(self, key: Key, entry: Entry) -> None:
        """The entry is not found under the key, whether it was before or not."""
        present = self._entries.get(key)
        if present is entry:
            del self._entries[key]
        elif isinstance(present, dict):
            present.pop(entry, None)
            if not present:
                del self._entries[key]

    def under(self, key: Key) -> tuple[Entry, ...]:
        """The entries under the key, as they stand now: changing the index does not disturb the caller."""
        present = self._entries.get(key)
        if present is None:
            return ()
        return tuple(present) if isinstance(present, dict) else (present,)

    def known(self, keys: Iterable[Key]) -> list[Key]:
        """Those of the keys under which there is an entry."""
        return list(filter(self._entries.__contains__, keys))

    def __iter__(self) -> Iterator[Key]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
