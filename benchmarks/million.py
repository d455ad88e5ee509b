"""A registry with very many connections, in a process of its own: `python -m benchmarks.million cutoff|plain COUNT`.

`plain` is what one writes first: three dicts from a key to a set. Prints one JSON object.
"""

import gc
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from uuid_utils.compat import uuid7

from app.clock import boot_seconds
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ConnectionId, TokenHash
from app.domain.targets import Target, TargetKind
from app.sockets.entry import Entry
from app.sockets.registry import Registry

CLOSED = 2_000
"""So many accounts are looked up and forgotten, to see what one costs among all the others."""


def main(kind: str, count: int) -> dict[str, float]:
    """What it took."""
    entries = [_entry(number) for number in range(count)]
    gc.collect()
    before = _resident_bytes()
    forget = _ours(entries) if kind == "cutoff" else _plain(entries)
    index_bytes = (_resident_bytes() - before) / count
    pause_ms = _timed_ms(gc.collect)
    gc.freeze()
    frozen_ms = _timed_ms(gc.collect)
    each = [_timed_ms(partial(forget, entry)) for entry in entries[:: max(1, count // CLOSED)]]
    return {
        "index_bytes_each": index_bytes,
        "collection_ms": pause_ms,
        "collection_ms_frozen": frozen_ms,
        "forget_us": sorted(each)[len(each) // 2] * 1000,
    }


def _ours(entries: list[Entry]) -> Callable[[Entry], object]:
    registry = Registry(lambda _entries, _cause, _via: None)
    for entry in entries:
        registry.attach(entry, now=0.0)
        registry.admit(entry)

    def forget(entry: Entry) -> None:
        assert registry.matching(Target(TargetKind.ACCOUNT, str(entry.account_id)))
        registry.detach(entry)

    return forget


def _plain(entries: list[Entry]) -> Callable[[Entry], object]:
    indexes: list[dict[object, set[Entry]]] = [defaultdict(set) for _ in range(3)]
    for entry in entries:
        for index, key in zip(indexes, _keys(entry), strict=True):
            index[key].add(entry)

    def forget(entry: Entry) -> None:
        assert indexes[0][str(entry.account_id)]
        for index, key in zip(indexes, _keys(entry), strict=True):
            index[key].discard(entry)
            if not index[key]:
                del index[key]

    return forget


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
    return (boot_seconds() - began_at) * 1000


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
