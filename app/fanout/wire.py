"""The versioned message on the bus: closures into bytes, and any bytes into one of four things, without raising."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pydantic import ValidationError

from app.config import Settings
from app.domain.ids import NodeId
from app.domain.targets import Closure
from app.fanout.bus_keys import BusKeys
from app.fanout.close_bodies import bodies_of, closures_in, is_speakable
from app.fanout.wire_models import BODY, ENVELOPE, MAX_TARGETS, CloseBody, EchoBody, RingBody

__all__ = [
    "MAX_MESSAGE_BYTES",
    "MAX_TARGETS",
    "VERSION",
    "BusCodec",
    "CloseRequest",
    "Echo",
    "Rejected",
    "Rejection",
    "Ring",
    "close_channel",
    "echo_channel",
]

VERSION = 1
MAX_MESSAGE_BYTES = 64 * 1024


class Rejection(StrEnum):
    """Why a message was dropped, as counted."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    SCHEMA = "schema"
    VERSION = "version"
    MAC_MISSING = "mac_missing"
    MAC_BAD = "mac_bad"


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """Closures that proved themselves; they mean something only where the system identifier is the node's own."""

    closures: tuple[Closure, ...]
    system_identifier: str


@dataclass(frozen=True, slots=True)
class Ring:
    """The closure log is worth reading now; all that a message can be where there is no key."""


@dataclass(frozen=True, slots=True)
class Echo:
    """A node's word to itself."""

    node_id: NodeId
    nonce: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """Dropped; `rings` where it may have been meant for us all the same, so that reading the log is worthwhile."""

    why: Rejection
    rings: bool


Decoded = CloseRequest | Ring | Echo | Rejected


def close_channel(namespace: str) -> str:
    """The channel of close requests, one for all nodes."""
    return f"{namespace}:close"


def echo_channel(namespace: str, node_id: NodeId) -> str:
    """The channel on which that node hears itself, and nobody else."""
    return f"{namespace}:echo:{node_id}"


@dataclass(frozen=True, slots=True)
class BusCodec:
    """Encodes and decodes for one namespace, with its keys."""

    keys: BusKeys

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The codec of this installation."""
        return cls(BusKeys.from_settings(settings))

    def encode(self, closures: Sequence[Closure], *, system_identifier: str) -> list[bytes]:
        """Messages that carry those closures, each within 500 targets and 64 KiB; none for none.

        What cannot be said on the bus (a closure without its transaction would close sockets that came
        after it) becomes a ring: the log has it.
        """
        speakable = [closure for closure in closures if is_speakable(closure)]
        messages = [
            message
            for body in bodies_of(speakable, system_identifier=system_identifier)
            for message in self._split(body)
        ]
        return messages if len(speakable) == len(closures) else [*messages, self.encode_ring()]

    def encode_ring(self) -> bytes:
        """A message that asks every node to read the closure log."""
        return self._seal({"kind": "ring"})

    def encode_echo(self, node_id: NodeId, nonce: int) -> bytes:
        """A node's word to itself."""
        return self._seal({"kind": "echo", "node": str(node_id), "nonce": nonce})

    def decode(self, payload: bytes) -> Decoded:
        """What those bytes are; never raises. Without a key nothing is ever a close request."""
        opened = self._open(payload)
        if isinstance(opened, Rejected):
            return opened
        try:
            return self._meaning(BODY.validate_json(opened))
        except ValidationError as error:
            return Rejected(_why(error), rings=True)

    def _open(self, payload: bytes) -> str | Rejected:
        """The body, if it proves itself, or if there is no key to prove it by."""
        if len(payload) > MAX_MESSAGE_BYTES:
            return self._unproven(Rejection.TOO_LARGE)
        try:
            envelope = ENVELOPE.validate_json(payload)
        except ValidationError as error:
            return self._unproven(_why(error))
        if envelope.v != VERSION:
            return self._unproven(Rejection.VERSION)
        if self.keys.are_set and envelope.mac is None:
            return self._unproven(Rejection.MAC_MISSING)
        if self.keys.are_set and not self.keys.accept(envelope.body, envelope.mac or ""):
            return self._unproven(Rejection.MAC_BAD)
        return envelope.body

    def _meaning(self, body: CloseBody | RingBody | EchoBody) -> Decoded:
        match body:
            case EchoBody():
                return Echo(NodeId(UUID(body.node)), body.nonce)
            case CloseBody() if self.keys.are_set:
                return CloseRequest(tuple(closures_in(body)), body.system)
            case CloseBody() | RingBody():
                return Ring()

    def _unproven(self, why: Rejection) -> Rejected:
        return Rejected(why, rings=not self.keys.are_set)

    def _split(self, body: dict[str, Any]) -> Iterator[bytes]:
        message = self._seal(body)
        closures = body["closures"]
        half = len(closures) // 2
        if len(message) <= MAX_MESSAGE_BYTES or not half:
            yield message
            return
        yield from self._split({**body, "closures": closures[:half]})
        yield from self._split({**body, "closures": closures[half:]})

    def _seal(self, body: dict[str, Any]) -> bytes:
        text = json.dumps(body, separators=(",", ":"))
        mac = self.keys.sign(text)
        proof = {} if mac is None else {"mac": mac}
        return json.dumps({"v": VERSION, **proof, "body": text}, separators=(",", ":")).encode()


def _why(error: ValidationError) -> Rejection:
    """Whether it was no JSON at all, or JSON of another shape."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return Rejection.NOT_JSON if first["type"] == "json_invalid" else Rejection.SCHEMA
