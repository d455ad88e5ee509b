"""A node's HTTP face on a real database, with a queue that performs what it is given, or does not take it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import httpx
import pytest

from app.bridge import Bridge
from app.config import Settings
from app.data.engine import Database
from app.domain.ids import RevocationId
from app.domain.mass_revocations import MassLease
from app.fanout.publisher import Publisher
from app.http.api import build_api, finish
from app.http.deps import HttpDeps
from app.operations.perform import perform
from app.operations.run_mass_revocation import run_mass_revocation
from tests.http.parts import Node, PublisherRecorder, client_of, no_stream
from tests.http.world import World, make_world


@dataclass
class Queue:
    """The broker and a worker in one: performs what it takes, unless a test says otherwise."""

    bridge: Bridge
    publisher: Publisher
    takes: bool = True
    performs: bool = True
    taken: list[RevocationId] = field(default_factory=list)
    taken_leases: list[MassLease] = field(default_factory=list)

    async def enqueue(self, revocation_id: RevocationId) -> bool:
        if not self.takes:
            return False
        self.taken.append(revocation_id)
        if self.performs:
            await self.bridge.call(perform, self.publisher, revocation_id)
        return True

    async def enqueue_mass_revocation(self, lease: MassLease) -> bool:
        if not self.takes:
            return False
        self.taken_leases.append(lease)
        leases: tuple[MassLease, ...] = (lease,) if self.performs else ()
        while leases:
            leases = await self.bridge.call(run_mass_revocation, self.publisher, leases[0])
        return True


@pytest.fixture
def http_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"wait_limit": timedelta(seconds=5)})


@pytest.fixture
async def bridge(database: Database) -> AsyncIterator[Bridge]:
    bridge = Bridge(database, threads=4)
    yield bridge
    await bridge.close()


@pytest.fixture
def publisher() -> PublisherRecorder:
    return PublisherRecorder()


@pytest.fixture
def queue(bridge: Bridge, publisher: PublisherRecorder) -> Queue:
    return Queue(bridge, cast("Publisher", publisher))


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def deps(
    *, http_settings: Settings, bridge: Bridge, queue: Queue, publisher: PublisherRecorder, node: Node
) -> HttpDeps:
    return HttpDeps(
        settings=http_settings,
        bridge=bridge,
        enqueue=queue.enqueue,
        enqueue_mass_revocation=queue.enqueue_mass_revocation,
        publisher=cast("Publisher", publisher),
        announce=publisher.announce,
        node=node,
        streams=no_stream,
    )


@pytest.fixture
async def client(deps: HttpDeps) -> AsyncIterator[httpx.AsyncClient]:
    api = build_api(deps)
    async with client_of(api) as client:
        yield client
        await finish(api)


@pytest.fixture
def world(database: Database, client: httpx.AsyncClient) -> World:
    return make_world(database, client)
