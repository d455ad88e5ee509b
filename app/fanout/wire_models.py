"""The shape of a message on the bus, version 1, as docs/asyncapi.yaml describes it; strict, extra fields ignored.

What a parser written in C can see (types, members, closed sets of words, sizes) is in the types. How texts are
spelled is in the patterns, which cost several times as much: `close_bodies` asks them of what is used.
"""

import re
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.json import Decoder

__all__ = [
    "BODY",
    "CAUSE",
    "ENVELOPE",
    "HASH",
    "INSTANT",
    "MAX_TARGETS",
    "SYSTEM_IDENTIFIER",
    "TRANSACTION_NUMBER",
    "UUID_TEXT",
    "WORD",
    "Body",
    "CauseItem",
    "CloseBody",
    "CloseItem",
    "CloseManyBody",
    "EchoBody",
    "Envelope",
    "Numbers",
    "RingBody",
    "TargetItem",
]

MAX_TARGETS = 500

# Each is for `fullmatch`: `$` would take a line feed after it.
WORD = re.compile("[a-z][a-z0-9_]{0,63}")
HASH = re.compile("[0-9a-f]{64}")
UUID_TEXT = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SYSTEM_IDENTIFIER = re.compile("[1-9][0-9]{0,19}")
TRANSACTION_NUMBER = re.compile("[1-9][0-9]{0,18}")
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)

CredentialKind = Literal["session", "token", "account", "grant"]
AnyKind = Literal["session", "token", "account", "grant", "table"]
Numbers = dict[str, Annotated[list[int], Meta(min_length=1)]]
"""Keys of targets, each with the numbers of its causes."""


class Envelope(Struct, frozen=True, gc=False):
    """What is on the channel; only `body` is covered by the MAC."""

    v: Annotated[int, Meta(ge=1)]
    body: str
    mac: str | None = None


class TargetItem(Struct, frozen=True, gc=False):
    """A session token by its blake3 hash; an API token, account or grant by its id; a table by its name.

    There is no kind and no key that means "all", and a table is only ever rechecked.
    """

    kind: AnyKind
    key: str


class CloseItem(Struct, frozen=True, gc=False):
    """Sockets that must close, or, to recheck, whose credentials must be read again."""

    action: Literal["close", "recheck"]
    target: TargetItem
    invalidates: list[str]


class CauseItem(Struct, frozen=True, gc=False, kw_only=True):
    """What closures have in common besides their targets: the transaction that wrote them, and why.

    What it does not say of `reason` and `invalidates`, its message says for all its causes.
    """

    transaction: str
    revocation: str | None = None
    reason: str | UnsetType = UNSET
    committed_after: str | None = None
    invalidates: list[str] | UnsetType = UNSET


class CloseBody(Struct, frozen=True, kw_only=True, tag_field="kind", tag="close"):
    """What one transaction ended, or a part of it."""

    system: str
    transaction: str
    revocation: str | None = None
    reason: str
    committed_after: str | None = None
    closures: Annotated[list[CloseItem], Meta(min_length=1, max_length=MAX_TARGETS)]


class CloseManyBody(Struct, frozen=True, kw_only=True, tag_field="kind", tag="close_many"):
    """What several transactions ended: targets by their kind, and the causes that they name by number.

    The causes stay the text that they are until a target that concerns somebody names one. What nearly all of them would
    repeat is said once: the message is a quarter shorter, and whom it does not concern has so much less to read.
    """

    system: str
    reason: str
    invalidates: list[str]
    causes: Annotated[list[Raw], Meta(min_length=1, max_length=MAX_TARGETS)]
    close: Annotated[dict[CredentialKind, Numbers], Meta(min_length=1)] | UnsetType = UNSET
    recheck: Annotated[dict[AnyKind, Numbers], Meta(min_length=1)] | UnsetType = UNSET


class RingBody(Struct, frozen=True, tag_field="kind", tag="ring"):
    """There is something to read in the closure log."""


class EchoBody(Struct, frozen=True, tag_field="kind", tag="echo"):
    """A node's word to itself, by which it hears whether its subscription still hears."""

    node: str
    nonce: Annotated[int, Meta(ge=0, lt=2**53)]


Body = CloseBody | CloseManyBody | RingBody | EchoBody

ENVELOPE = Decoder(Envelope)
BODY: Decoder[Body] = Decoder(Body)
CAUSE = Decoder(CauseItem)
