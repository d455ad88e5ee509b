"""The versioned message on the bus: closures into bytes, and any bytes into one of four things, without raising."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, assert_never
from uuid import UUID

from msgspec import DecodeError, Struct, json

from app.config import Settings
from app.domain.ids import NodeId
from app.domain.targets import Closure
from app.fanout.bus_keys import BusKeys
from app.fanout.close_bodies import body_of, is_speakable, lots_of
from app.fanout.close_reading import Concerned, MisspeltError, closures_in, spelt
from app.fanout.wire_models import (
    BODY,
    ENVELOPE,
    MAX_TARGETS,
    UUID_TEXT,
    Body,
    CloseBody,
    CloseManyBody,
    EchoBody,
    RingBody,
)

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
UNREADABLE = (DecodeError, MisspeltError, RecursionError, UnicodeError)


class Rejection(StrEnum):
    """Why a message was dropped, as counted."""

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    SCHEMA = "schema"
    VERSION = "version"
    MAC_MISSING = "mac_missing"
    MAC_BAD = "mac_bad"


class CloseRequest(Struct, frozen=True):
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
        speakable = list(filter(is_speakable, closures))
        messages: list[bytes] = []
        for lot in lots_of(speakable):
            messages += self._messages(lot, system_identifier)
        return messages if len(speakable) == len(closures) else [*messages, self.encode_ring()]

    def encode_ring(self) -> bytes:
        """A message that asks every node to read the closure log."""
        return self._seal(RingBody())

    def encode_echo(self, node_id: NodeId, nonce: int) -> bytes:
        """A node's word to itself."""
        return self._seal(EchoBody(str(node_id), nonce))

    def decode(self, payload: bytes, concerned: Concerned | None = None) -> Decoded:
        """What those bytes are; never raises. Without a key nothing is ever a close request.

        With `concerned` a close request is read only as far as its targets are concerned: it has those closures,
        possibly none, and how the others are spelt is not looked at.
        """
        opened = self._open(payload)
        if isinstance(opened, Rejected):
            return opened
        try:
            return self._meaning(BODY.decode(opened), concerned)
        except UNREADABLE:
            return Rejected(_why(opened), rings=True)

    def _open(self, payload: bytes) -> str | Rejected:
        """The body, if it proves itself, or if there is no key to prove it by."""
        if len(payload) > MAX_MESSAGE_BYTES:
            return self._unproven(Rejection.TOO_LARGE)
        try:
            envelope = ENVELOPE.decode(payload)
        except UNREADABLE:
            return self._unproven(_why(payload))
        if envelope.v != VERSION:
            return self._unproven(Rejection.VERSION)
        if self.keys.are_set:
            if envelope.mac is None:
                return self._unproven(Rejection.MAC_MISSING)
            if not self.keys.accept(envelope.body, envelope.mac):
                return self._unproven(Rejection.MAC_BAD)
        return envelope.body

    def _meaning(self, body: Body, concerned: Concerned | None) -> Decoded:
        match body:
            case CloseBody() | CloseManyBody():
                closures = tuple(closures_in(body, concerned))
                return CloseRequest(closures, body.system) if self.keys.are_set else Ring()
            case EchoBody():
                return Echo(NodeId(UUID(spelt(UUID_TEXT, body.node))), body.nonce)
            case RingBody():
                return Ring()
            case _:
                assert_never(body)

    def _unproven(self, why: Rejection) -> Rejected:
        return Rejected(why, rings=not self.keys.are_set)

    def _messages(self, closures: Sequence[Closure], system_identifier: str) -> list[bytes]:
        """One, as a rule; more where it would be too large."""
        message = self._seal(body_of(closures, system_identifier=system_identifier))
        half = len(closures) // 2
        if len(message) <= MAX_MESSAGE_BYTES or not half:
            return [message]
        parts = (closures[:half], closures[half:])
        return [message for part in parts for message in self._messages(part, system_identifier)]

    def _seal(self, body: Body) -> bytes:
        text = _ENCODER.encode(body).decode()
        mac = self.keys.sign(text)
        proof = {} if mac is None else {"mac": mac}
        return _ENCODER.encode({"v": VERSION, **proof, "body": text})


def _why(text: bytes | str) -> Rejection:
    """Whether it was no JSON at all, or JSON of another shape."""
    try:
        json.decode(text)
    except UNREADABLE:
        return Rejection.NOT_JSON
    return Rejection.SCHEMA


_ENCODER = json.Encoder()
