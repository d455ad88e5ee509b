"""The shape of a message on the bus, version 1, as docs/asyncapi.yaml describes it; strict, extra fields ignored."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

__all__ = [
    "BODY",
    "ENVELOPE",
    "MAX_TARGETS",
    "CloseBody",
    "CloseItem",
    "EchoBody",
    "Envelope",
    "RecheckItem",
    "RingBody",
]

MAX_TARGETS = 500
UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
INSTANT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
)

Word = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
CanonicalUuid = Annotated[str, Field(pattern=UUID_PATTERN)]
SystemIdentifier = Annotated[str, Field(pattern="^[1-9][0-9]{0,19}$")]
TransactionNumber = Annotated[str, Field(pattern="^[1-9][0-9]{0,18}$")]
Instant = Annotated[str, Field(pattern=INSTANT_PATTERN)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Envelope(_Model):
    """What is on the channel; only `body` is covered by the MAC."""

    v: int = Field(ge=1)
    mac: str | None = None
    body: str


class SessionTarget(_Model):
    """The sockets on one session token, by its blake3 hash."""

    kind: Literal["session"]
    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class IdTarget(_Model):
    """What hangs on one API token, account or grant, by its id."""

    kind: Literal["token", "account", "grant"]
    key: CanonicalUuid


class TableTarget(_Model):
    """What depends on a whole table; only ever rechecked."""

    kind: Literal["table"]
    key: Word


class CloseItem(_Model):
    """Sockets that must close. There is no kind and no key that means "all"."""

    action: Literal["close"]
    target: Annotated[SessionTarget | IdTarget, Field(discriminator="kind")]
    invalidates: list[Word]


class RecheckItem(_Model):
    """Sockets whose credentials must be read again."""

    action: Literal["recheck"]
    target: Annotated[SessionTarget | IdTarget | TableTarget, Field(discriminator="kind")]
    invalidates: list[Word]


class CloseBody(_Model):
    """What one transaction ended, or a part of it."""

    kind: Literal["close"]
    system: SystemIdentifier
    transaction: TransactionNumber
    revocation: CanonicalUuid | None = None
    reason: Word
    committed_after: Instant | None = None
    closures: Annotated[
        list[Annotated[CloseItem | RecheckItem, Field(discriminator="action")]],
        Field(min_length=1, max_length=MAX_TARGETS),
    ]


class RingBody(_Model):
    """There is something to read in the closure log."""

    kind: Literal["ring"]


class EchoBody(_Model):
    """A node's word to itself, by which it hears whether its subscription still hears."""

    kind: Literal["echo"]
    node: CanonicalUuid
    nonce: Annotated[int, Field(ge=0, lt=2**53)]


Body = Annotated[CloseBody | RingBody | EchoBody, Field(discriminator="kind")]

ENVELOPE = TypeAdapter(Envelope)
BODY: TypeAdapter[CloseBody | RingBody | EchoBody] = TypeAdapter(Body)
