"""A registry with very many connections, in a process of its own: `python -m benchmarks.million cutoff|plain COUNT`.

`plain` is what one writes first: three dicts from a key to a set, and the collector as Python sets it. Prints one JSON
object.
"""

import gc
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import thread_time
from typing import Protocol

from uuid_utils.compat import uuid7

from app.clock import boot_seconds
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ConnectionId, TokenHash
from app.domain.targets import Target, TargetKind
from app.realtime.garbage import Garbage
from app.sockets.entry import Entry
from app.sockets.registry import Registry
from benchmarks.figures import MS

CLOSED = 2_000
"""So many accounts are looked up and forgotten, to see what one costs among all the others."""
WARM_UP = 10
"""A tenth of the connections have come before pauses count."""
REPLACED = 4
"""When all are there, a fourth of them leave, and as many come."""


class Index(Protocol):
    """What is compared."""

    def add(self, entry: Entry) -> None:
        """The entry is found."""
        ...

    def forget(self, entry: Entry) -> None:
        """The entry was found, and is no more."""
        ...


class Ours:
    """The registry."""

    def __init__(self) -> None:
        self._registry = Registry(lambda _entries, _cause, _via: None)

    def add(self, entry: Entry) -> None:
        """As a socket that opens."""
        self._registry.attach(entry, now=0.0)
        self._registry.admit(entry)

    def forget(self, entry: Entry) -> None:
        """As a socket that goes."""
        assert self._registry.matching(Target(TargetKind.ACCOUNT, str(entry.account_id)))
        self._registry.detach(entry)


class Plain:
    """Dicts of sets."""

    def __init__(self) -> None:
        self._indexes: list[dict[object, set[Entry]]] = [defaultdict(set) for _ in range(3)]

    def add(self, entry: Entry) -> None:
        """Under each of its keys."""
        for index, key in zip(self._indexes, _keys(entry), strict=True):
            index[key].add(entry)

    def forget(self, entry: Entry) -> None:
        """Under each of its keys, which goes with its last entry."""
        assert self._indexes[0][str(entry.account_id)]
        for index, key in zip(self._indexes, _keys(entry), strict=True):
            index[key].discard(entry)
            if not index[key]:
                del index[key]


@contextmanager
def pauses() -> Iterator[Callable[[], float]]:
    """How much CPU time one run of the collector took within, at most, in milliseconds."""
    began_at, longest_s = 0.0, 0.0

    def starts(phase: str, _about: Mapping[str, int]) -> None:
        nonlocal began_at
        began_at = thread_time() if phase == "start" else began_at

    def stops(phase: str, _about: Mapping[str, int]) -> None:
        nonlocal longest_s
        if phase == "stop":
            longest_s = max(longest_s, thread_time() - began_at)

    # First and last of all who are called: what the others do is part of the pause.
    gc.callbacks.insert(0, starts)
    gc.callbacks.append(stops)
    try:
        yield lambda: longest_s * MS
    finally:
        gc.callbacks.remove(starts)
        gc.callbacks.remove(stops)


def main(kind: str, count: int) -> dict[str, float]:
    """What it took."""
    index_bytes = _index_bytes(kind, count)
    with _collected_as_in_a_node(kind):
        longest_ms, forget_ms = _come_and_go(_new(kind), count)
    return {"index_bytes_each": index_bytes, "longest_pause_ms": longest_ms, "forget_us": forget_ms * MS}


@contextmanager
def _collected_as_in_a_node(kind: str) -> Iterator[None]:
    garbage = Garbage(clock=boot_seconds, sockets=lambda: 0)
    if kind != "cutoff":
        yield
        return
    garbage.begin()
    try:
        yield
    finally:
        garbage.end()


def _come_and_go(index: Index, count: int) -> tuple[float, float]:
    """The longest pause once a tenth have come, and what forgetting one takes among all the others, in milliseconds."""
    entries = list[Entry]()
    for number in range(count // WARM_UP):
        _come(index, entries, number)
    with pauses() as longest_ms:
        for number in range(count // WARM_UP, count):
            _come(index, entries, number)
        for number in range(count // REPLACED):
            index.forget(entries[number])
            entries[number] = _entry(count + number)
            index.add(entries[number])
    each = sorted(_timed_ms(partial(index.forget, entry)) for entry in entries[:: max(1, count // CLOSED)])
    return longest_ms(), each[len(each) // 2]


def _index_bytes(kind: str, count: int) -> float:
    """What the index takes beside the entries."""
    index, entries = _new(kind), [_entry(number) for number in range(count)]
    gc.collect()
    before = _resident_bytes()
    for entry in entries:
        index.add(entry)
    return (_resident_bytes() - before) / count


def _new(kind: str) -> Index:
    return Ours() if kind == "cutoff" else Plain()


def _come(index: Index, entries: list[Entry], number: int) -> None:
    entries.append(_entry(number))
    index.add(entries[-1])


def _keys(entry: Entry) -> tuple[object, ...]:
    return str(entry.account_id), entry.token_hash, entry.connection_id


def _entry(number: int) -> Entry:
    return Entry(
        connection_id=ConnectionId(uuid7()),
        credential_type=CredentialType.SESSION,
        token_hash=TokenHash(f"{number:064x}"),
        account_id=AccountId(uuid7()),
    )


def _timed_ms(work: Callable[[], object]) -> float:
    began_at = boot_seconds()
    work()
    return (boot_seconds() - began_at) * MS


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
