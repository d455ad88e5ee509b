"""Many nodes in one process, without a server before them: `python -m benchmarks.light_nodes COUNT`.

Each is the real thing but for its sockets: subscriber, tail, registry, lease, census and reports. They share one pool of
connections for what they write; each reads the log on a connection of its own. Settings come from the environment.
Orders are JSON lines: `count` (how often they have read the log, and how many are current), `applied` (of those revocations: how many nodes
have applied each, and when the last one had).
"""

import asyncio
import json
import logging
import sys
from collections import Counter
from typing import Any

import structlog
import uvloop
from uuid_utils.compat import uuid7

from app.bridge import Bridge
from app.clock import boot_seconds
from app.config import Settings, load_settings
from app.data.engine import Database
from app.domain.credentials import CredentialType
from app.domain.ids import ConnectionId, RevocationId, TokenHash
from app.domain.targets import Closure
from app.fanout.publisher import Publisher
from app.realtime.node import Node
from app.sockets.entry import Entry
from app.sockets.recent_closures import RecentClosures

THREADS = 8
"""For the writes of all nodes of a process."""
READY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.05


class Applied:
    """By revocation: how many nodes have applied it, and when the last one had."""

    def __init__(self) -> None:
        self.nodes: Counter[str] = Counter()
        self.last_at: dict[str, float] = {}

    def note(self, revocation_id: str) -> None:
        """One node more has applied it, now."""
        self.nodes[revocation_id] += 1
        self.last_at[revocation_id] = boot_seconds()


class NotedClosures(RecentClosures):
    """Notes what a node applies, by whatever way it came, when it is applied first."""

    def __init__(self, applied: Applied) -> None:
        super().__init__()
        self._applied = applied
        self._seen: set[str] = set()

    def remember(self, closure: Closure) -> None:
        """Noted, and forgotten: nobody is ever admitted here."""
        revocation_id = str(closure.cause.revocation_id)
        if revocation_id not in self._seen:
            self._seen.add(revocation_id)
            self._applied.note(revocation_id)


class LightNodes:
    """So many nodes, and what they have done."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._database = Database(
            settings.model_copy(update={"pool_size": THREADS}), application_name="cutoff light nodes"
        )
        self._publisher = Publisher(settings)
        bridge = Bridge(self._database, threads=THREADS)
        self._applied = Applied()
        self._nodes = [self._made(settings, bridge) for _ in range(count)]

    async def start(self) -> None:
        """Each has been current, registered and subscribed once; or has had its time, on a machine that is too small."""
        for node in self._nodes:
            await node.start()
            node.holder.registry.attach(_opening(), now=boot_seconds())
        waited_for, gives_up_at = set(self._nodes), boot_seconds() + READY_WITHIN_S
        while waited_for and boot_seconds() < gives_up_at:
            waited_for -= {node for node in waited_for if node.takes_sockets and node.is_subscribed}
            await asyncio.sleep(LOOK_EVERY_S)

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """What came of it."""
        if "applied" in order:
            wanted = order["applied"]
            return {
                "nodes": [self._applied.nodes[each] for each in wanted],
                "last_at": [self._applied.last_at.get(each, 0.0) for each in wanted],
            }
        return {
            "polls": sum(node.holder.currency.generation for node in self._nodes),
            "failures": sum(node.tail.failures for node in self._nodes),
            "current": sum(node.takes_sockets for node in self._nodes),
        }

    def _made(self, settings: Settings, bridge: Bridge) -> Node:
        named = settings.model_copy(update={"node_name": f"light-{uuid7().hex[-8:]}"})
        node = Node(named, bridge=bridge, publisher=self._publisher, carry_out=_nobody_asks)
        node.holder.registry.recent = NotedClosures(self._applied)
        return node


def _opening() -> Entry:
    """A socket that never gets further: as long as one is opening, a node remembers what it applies."""
    return Entry(
        connection_id=ConnectionId(uuid7()),
        credential_type=CredentialType.SESSION,
        token_hash=TokenHash("0" * 64),
    )


async def _nobody_asks(_revocation_id: RevocationId) -> None:
    """There is no API here that would."""


async def _serve(count: int) -> None:
    nodes = LightNodes(load_settings(), count)
    await nodes.start()
    print(json.dumps({"ready": count}), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(nodes.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    uvloop.run(_serve(int(sys.argv[1])))
