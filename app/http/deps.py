"""What the HTTP face is given: the composition root builds it, requests find it in the application's state."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias, cast

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from app.bridge import Bridge
from app.config import Settings
from app.domain.ids import RevocationId
from app.domain.mass_revocations import MassLease
from app.domain.targets import Announced
from app.fanout.publisher import Publisher
from app.http.activity import Activity
from app.http.background import Background
from app.http.passwords import PasswordThreads

__all__ = [
    "EventStreams",
    "HttpDeps",
    "NodeState",
    "ReadTopic",
    "activity_of",
    "background_of",
    "deps_of",
    "passwords_of",
]


class NodeState(Protocol):
    """What `/readyz` and `/metrics` ask the node's realtime part; a test's recorder answers as well."""

    @property
    def is_current(self) -> bool:
        """Whether the lease runs: the node has proof, recent enough, that it knows what is true."""
        ...

    @property
    def takes_sockets(self) -> bool:
        """Whether a socket that comes now is admitted: current, its row stored, every trigger in place."""
        ...

    @property
    def policy(self) -> str:
        """What it does with its sockets when it is not current: hold, close or serve."""
        ...

    @property
    def is_subscribed(self) -> bool:
        """Whether the doorbell works: the subscription on Redis is confirmed and not silent."""
        ...

    @property
    def is_database_reachable(self) -> bool:
        """Whether the last poll of the closure log succeeded."""
        ...

    @property
    def is_shutting_down(self) -> bool:
        """Whether it takes no more sockets, for good."""
        ...

    @property
    def tail_age(self) -> timedelta | None:
        """How old its knowledge is: since the last good poll of the log was sent; None before the first."""
        ...

    @property
    def doorbell_age(self) -> timedelta | None:
        """Since it last heard its own echo on Redis; None before the first."""
        ...

    @property
    def triggers_missing(self) -> Sequence[str] | None:
        """Which of the closure log's triggers were missing when it last looked; None before that."""
        ...

    @property
    def why(self) -> Sequence[str]:
        """Sentences on what is not as it should be, for a person; empty when all is well."""
        ...

    @property
    def sockets(self) -> int:
        """How many sockets it holds."""
        ...


ReadTopic: TypeAlias = Callable[[], Awaitable[str]]


class EventStreams(Protocol):
    """The node's event streams: whoever is let in here is in its registry, and ends as a socket does."""

    async def __call__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        token: str,
        address: str,
        topics: Mapping[str, ReadTopic],
        seen: Mapping[str, str],
    ) -> None:
        """Answers the request with a stream that tells when a topic no longer reads as it was `seen`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDeps:
    """The parts that the routes stand on. `enqueue…` say whether the broker took the task within its bound.

    `announce` says on the bus what is committed, soon or not at all; nobody waits for it.
    """

    settings: Settings
    bridge: Bridge
    enqueue: Callable[[RevocationId], Awaitable[bool]]
    enqueue_mass_revocation: Callable[[MassLease], Awaitable[bool]]
    publisher: Publisher
    announce: Callable[[Announced], None]
    node: NodeState
    streams: EventStreams


def deps_of(connection: HTTPConnection) -> HttpDeps:
    """The parts, from within a request."""
    return cast("HttpDeps", connection.app.state.deps)


def background_of(connection: HTTPConnection) -> Background:
    """The work that outlives requests, from within a request."""
    return cast("Background", connection.app.state.background)


def activity_of(connection: HTTPConnection) -> Activity:
    """The record of used credentials, from within a request."""
    return cast("Activity", connection.app.state.activity)


def passwords_of(connection: HTTPConnection) -> PasswordThreads:
    """Where passwords are hashed, from within a request."""
    return cast("PasswordThreads", connection.app.state.passwords)
