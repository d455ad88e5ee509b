"""docs/asyncapi.yaml says what the code does, and is enough to take part in another language."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import blake3
import jsonschema
import yaml
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from app.config import Settings
from app.domain.closing import Reason
from app.domain.credentials import ALL_CREDENTIAL_TYPES
from app.domain.ids import NodeId
from app.domain.targets import Closure, TargetKind
from app.embedded import RedisServer
from app.fanout.bus_keys import KEY_CONTEXT
from app.fanout.channels import shards_of
from app.fanout.wire import BusCodec, CloseRequest, Rejected, close_channel, echo_channel
from tests.fanout.closures import SYSTEM, closure_of, closures, hash_number, id_number
from tests.fanout.conftest import BUS_KEY, settings_for
from tests.fanout.listening import eventually, listening

DOCUMENT = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
META_SCHEMA = Path(__file__).parent / "vendor" / "asyncapi-3.0.0.json"
CODEC = BusCodec.from_settings(settings_for("redis://nowhere"))
EXAMPLE = BusCodec.from_settings(
    settings_for("redis://nowhere", namespace="cutoff", bus_key="an example, not a secret")
)
EXAMPLE_CLOSURES = [
    closure_of(TargetKind.SESSION, hash_number(1), reason=Reason.LOGGED_OUT),
    closure_of(TargetKind.ACCOUNT, id_number(2), reason=Reason.LOGGED_OUT, invalidates=frozenset()),
]
EXAMPLE_OF_MANY = [
    closure_of(TargetKind.SESSION, hash_number(1), reason=Reason.LOGGED_OUT),
    closure_of(TargetKind.SESSION, hash_number(2), transaction=78),
]


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    return loaded


@cache
def validator(name: str) -> jsonschema.Draft7Validator:
    reference = {"$ref": f"#/components/schemas/{name}"}
    return jsonschema.Draft7Validator({"allOf": [reference], "components": document()["components"]})


def sealed(body: str) -> bytes:
    return json.dumps({"v": 1, "mac": CODEC.keys.sign(body), "body": body}).encode()


def test_the_document_is_asyncapi() -> None:
    schema = json.loads(META_SCHEMA.read_text())
    errors = [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(document())]
    assert errors == []


def test_its_channels_and_its_key_are_those_of_the_code() -> None:
    addresses = {name: channel["address"] for name, channel in document()["channels"].items()}
    assert addresses["close"] == close_channel("{namespace}")
    node_id = NodeId(UUID(int=1))
    assert addresses["echo"].replace("{node}", str(node_id)) == echo_channel("{namespace}", node_id)
    (first, *_) = shards_of(settings_for("redis://nowhere", channel_shards=3, celery_broker_url="redis://x"))
    filled = {"{namespace}": first.namespace, "{node}": str(node_id), "{tag}": f"{{{first.tag}}}"}
    assert _filled(addresses["closeShard"], filled) == first.close
    assert _filled(addresses["echoShard"], filled) == first.echo(node_id)
    assert document()["components"]["parameters"]["tag"]["examples"] == ["{3}", "{1}", "{0}"]
    assert json.dumps(KEY_CONTEXT) in document()["info"]["description"]


def _filled(address: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        address = address.replace(name, value)
    return address


def test_its_examples_are_what_the_code_makes() -> None:
    examples = document()["components"]["messages"]["closeRequest"]["examples"]
    for example, said in zip(examples, (EXAMPLE_CLOSURES, EXAMPLE_OF_MANY), strict=True):
        (made,) = EXAMPLE.encode(said, system_identifier=SYSTEM)
        assert example["payload"] == json.loads(made)
        assert EXAMPLE.decode(made) == CloseRequest(tuple(said), SYSTEM)


@given(st.lists(closures, min_size=1, max_size=5))
def test_what_the_code_makes_is_what_the_document_says(sent: list[Closure]) -> None:
    for message in CODEC.encode(sent, system_identifier=SYSTEM):
        envelope = json.loads(message)
        validator("Envelope").validate(envelope)
        validator("Body").validate(json.loads(envelope["body"]))


# Each value is likely somewhere and wrong elsewhere. Whole floats are left out: JSON Schema takes 1.0 for an integer.
values = st.sampled_from(
    [
        None,
        True,
        0,
        1,
        -1,
        1.5,
        2**53,
        "",
        "*",
        "all",
        "1",
        "0",
        "007",
        SYSTEM,
        hash_number(1),
        hash_number(1).upper(),
        "A" * 64,
        id_number(1),
        id_number(1).upper(),
        "close",
        "ring",
        "echo",
        "recheck",
        "session",
        "token",
        "account",
        "grant",
        "table",
        "Session",
        "logged_out",
        "2026-11-20T12:00:00Z",
        "2026-11-20",
        [],
        ["session"],
        ["*"],
        {},
        {"kind": "table", "key": "session"},
        {"kind": "session", "key": hash_number(1)},
        {"kind": "account", "key": id_number(1)},
        [0],
        [1],
        [{"transaction": "1", "reason": "logged_out", "invalidates": []}],
        [{"transaction": "1"}],
        {hash_number(1): [0]},
        {id_number(1): [0]},
        {"session": [0]},
        {"session": {hash_number(1): [0]}},
        {"account": {id_number(1): [0]}},
        {"table": {"session": [0]}},
    ]
)
keys = st.sampled_from(
    [
        "kind",
        "system",
        "transaction",
        "revocation",
        "reason",
        "committed_after",
        "closures",
        "action",
        "target",
        "invalidates",
        "key",
        "node",
        "nonce",
        "more",
        "causes",
        "recheck",
        "session",
        "account",
        "table",
    ]
)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A good body, changed in a few places."""
    sent = draw(st.lists(closures, min_size=1, max_size=2))
    messages = [
        *CODEC.encode(sent, system_identifier=SYSTEM),
        CODEC.encode_ring(),
        CODEC.encode_echo(NodeId(draw(st.uuids())), draw(st.integers(0, 2**53))),
    ]
    body: dict[str, Any] = json.loads(json.loads(draw(st.sampled_from(messages)))["body"])
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(list(objects_in(body))))
        key = draw(st.sampled_from(sorted(place)) | keys) if place else draw(keys)
        if draw(st.booleans()):
            place[key] = deepcopy(draw(values))
        else:
            place.pop(key, None)
    return body


def objects_in(value: object) -> Any:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects_in(inner)
    if isinstance(value, list):
        for inner in value:
            yield from objects_in(inner)


@given(bodies())
def test_document_and_code_accept_and_reject_the_same_bodies(body: dict[str, Any]) -> None:
    is_taken = not isinstance(CODEC.decode(sealed(json.dumps(body))), Rejected)
    assert is_taken == (validator("Body").is_valid(body) and not names_no_cause(body)), body


def names_no_cause(body: dict[str, Any]) -> bool:
    """What a schema cannot say: a number is a place among the causes."""
    if body.get("kind") != "close_many":
        return False
    said = [*body.get("close", {}).values(), *body.get("recheck", {}).values()]
    return any(number >= len(body["causes"]) for keys in said for named in keys.values() for number in named)


@given(st.dictionaries(st.sampled_from(["v", "mac", "body", "more"]), values))
def test_the_code_takes_no_envelope_that_the_document_forbids(changes: dict[str, Any]) -> None:
    body = '{"kind":"ring"}'
    envelope = {"v": 1, "mac": CODEC.keys.sign(body), "body": body, **changes}
    is_taken = not isinstance(CODEC.decode(json.dumps(envelope).encode()), Rejected)
    assert not is_taken or validator("Envelope").is_valid(envelope)


async def test_a_message_made_by_hand_from_the_document_closes_sockets(
    settings: Settings, redis: RedisServer
) -> None:
    """Nothing but json and blake3, as somebody with another language would have to. B144."""
    account = "00000000-0000-7000-8000-00000000000a"
    body = json.dumps(
        {
            "reason": "account_suspended",
            "kind": "close",
            "system": SYSTEM,
            "transaction": "4711",
            "closures": [
                {
                    "target": {"key": account, "kind": "account"},
                    "action": "close",
                    "invalidates": ["session", "api_token", "daemon_token"],
                }
            ],
        },
        indent=1,
    )
    key = blake3.blake3(BUS_KEY.encode(), derive_key_context="cutoff 2026-11 bus message v1").digest()
    mac = blake3.blake3(f"{settings.namespace}\n{body}".encode(), key=key).hexdigest()
    async with listening(settings) as node:
        with Redis.from_url(redis.url) as client:
            client.publish(f"{settings.namespace}:close", json.dumps({"v": 1, "mac": mac, "body": body}))
        await eventually(lambda: node.subscriber.counts.closed == 1)
    ((kind, key_closed, cause),) = node.closer.calls
    assert (kind, key_closed) == ("account", account)
    assert cause != "revoked"
    assert (cause.reason, cause.transaction) == (Reason.ACCOUNT_SUSPENDED, 4711)
    assert cause.invalidates == ALL_CREDENTIAL_TYPES
