"""Parts for an application in a test: a node that is well, a bridge that must not be crossed, settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import httpx
from fastapi import FastAPI

from app.bridge import Bridge
from app.config import Settings, load_settings
from app.domain.ids import RevocationId
from app.domain.mass_revocations import MassLease
from app.domain.targets import Announced, Closure
from app.fanout.publisher import Publisher
from app.http.deps import HttpDeps

ORIGIN = "http://cutoff.test"


@dataclass
class Node:
    """A node that is current and hears the doorbell, until a test says otherwise."""

    is_current: bool = True
    policy: str = "hold"
    takes_sockets: bool = True
    is_subscribed: bool = True
    is_database_reachable: bool = True
    is_shutting_down: bool = False
    why: Sequence[str] = ()
    sockets: int = 0
    tail_age: timedelta | None = None
    doorbell_age: timedelta | None = None
    triggers_missing: Sequence[str] | None = ()


class NoBridge:
    """A bridge that nothing may cross."""

    async def run(self, operation: Callable[..., Any], /, *_args: object, **_kwargs: object) -> Any:
        raise AssertionError(f"the database was asked: {operation.__name__}")

    call = read = run


@dataclass
class PublisherRecorder:
    """Takes the place of Redis: remembers what was published."""

    published: list[Closure] = field(default_factory=list)
    announced: list[Announced] = field(default_factory=list)

    def publish(self, closures: Sequence[Closure], *, system_identifier: str) -> bool:
        self.published.extend(closures)
        return True

    def announce(self, announced: Announced) -> None:
        self.announced.append(announced)


async def takes_all(_task: RevocationId | MassLease) -> bool:
    return True


async def no_stream(*_exchange: object, **_what: object) -> None:
    """Streams need a real node: see `tests/realtime/test_event_streams.py`."""
    raise AssertionError("a stream was opened")


def settings_for_tests(**changed: object) -> Settings:
    usual: dict[str, object] = {
        "DATABASE_URL": "postgresql://nowhere/none",
        "REDIS_URL": "redis://nowhere:1",
        "cookie_secure": False,
        "pool_size": 4,
        "wait_limit": 5,
    }
    return load_settings(**{**usual, **changed})


def deps_without_database(**settings: object) -> HttpDeps:
    publisher = PublisherRecorder()
    return HttpDeps(
        settings=settings_for_tests(**settings),
        bridge=cast("Bridge", NoBridge()),
        enqueue=takes_all,
        enqueue_mass_revocation=takes_all,
        publisher=cast("Publisher", publisher),
        announce=publisher.announce,
        node=Node(),
        streams=no_stream,
    )


def client_of(api: FastAPI, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(api, client=("198.51.100.7", 4711))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)


__all__ = [
    "ORIGIN",
    "NoBridge",
    "Node",
    "PublisherRecorder",
    "client_of",
    "deps_without_database",
    "no_stream",
    "settings_for_tests",
    "takes_all",
]
