import json
import random
from collections import Counter
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.closing import Reason
from app.domain.ids import NodeId
from app.domain.radius import in_order, precedence
from app.domain.targets import Action, Closure, TargetKind
from app.fanout.wire import (
    MAX_MESSAGE_BYTES,
    MAX_TARGETS,
    BusCodec,
    CloseRequest,
    Echo,
    Rejected,
    Rejection,
    Ring,
)
from tests.fanout.closures import SYSTEM, closure_of, closures, hash_number, id_number
from tests.fanout.conftest import settings_for


def codec(*, namespace: str = "n", **keys: str | None) -> BusCodec:
    return BusCodec.from_settings(settings_for("redis://nowhere", namespace=namespace, **keys))


KEYED = codec(bus_key="one")
KEYLESS = codec(bus_key=None)
SESSION = closure_of(TargetKind.SESSION, hash_number(1))


def one_message(codec_: BusCodec, *closures_: Closure) -> bytes:
    (message,) = codec_.encode(closures_ or [SESSION], system_identifier=SYSTEM)
    return message


def sealed(body: str, **envelope: object) -> bytes:
    """A message with a good MAC, whatever its body."""
    return json.dumps({"v": 1, "mac": KEYED.keys.sign(body), "body": body, **envelope}).encode()


def close_body(**changes: object) -> str:
    body = json.loads(json.loads(one_message(KEYED))["body"])
    return json.dumps({**body, **changes})


def with_target(target: object, action: str = "close") -> str:
    return close_body(closures=[{"action": action, "target": target, "invalidates": []}])


@given(st.lists(closures, max_size=30))
def test_what_is_encoded_is_decoded_whole_and_nothing_else(sent: list[Closure]) -> None:
    """P14."""
    requests = [KEYED.decode(message) for message in KEYED.encode(sent, system_identifier=SYSTEM)]
    received = [closure for request in requests for closure in closures_of(request)]
    assert Counter(received) == Counter(in_order(sent))


def closures_of(decoded: object) -> tuple[Closure, ...]:
    assert isinstance(decoded, CloseRequest)
    assert decoded.system_identifier == SYSTEM
    return decoded.closures


@given(st.binary(max_size=400) | st.text().map(str.encode))
@example(b"[" * 60_000)
@example(b'{"v":1,"x":' + b"[" * 60_000)
@example(b'{"v":1,"body":"\\ud800"}')
@example(b'{"v":1,"body":"\xff"}')
@example(b'{"v":1,"mac":"\xc3\xa9","body":""}')
@example(b'{"v":1e400,"body":""}')
@example(b"null")
def test_any_bytes_are_rejected_without_raising_and_prove_nothing(payload: bytes) -> None:
    """P14."""
    assert isinstance(KEYED.decode(payload), Rejected)
    assert isinstance(KEYLESS.decode(payload), Rejected | Ring)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values)
def test_any_json_with_a_good_mac_is_decoded_or_rejected_without_raising(body: object) -> None:
    assert isinstance(KEYED.decode(sealed(json.dumps(body))), Rejected)


@given(st.text())
def test_any_text_with_a_good_mac_is_rejected_without_raising(body: str) -> None:
    assert isinstance(KEYED.decode(sealed(body)), Rejected)


def test_a_message_changed_in_any_one_bit_is_rejected() -> None:
    message = one_message(KEYED)
    for position in range(len(message) * 8):
        changed = bytearray(message)
        changed[position // 8] ^= 1 << position % 8
        assert isinstance(KEYED.decode(bytes(changed)), Rejected), bytes(changed)


@given(st.lists(closures, min_size=1, max_size=5), st.data())
def test_any_message_changed_in_one_bit_is_rejected(sent: list[Closure], data: st.DataObject) -> None:
    message = bytearray(KEYED.encode(sent, system_identifier=SYSTEM)[0])
    message[data.draw(st.integers(0, len(message) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert isinstance(KEYED.decode(bytes(message)), Rejected)


@pytest.mark.parametrize("count", [1, MAX_TARGETS, MAX_TARGETS + 1, 3000])
def test_no_message_has_more_than_500_targets_or_64_kib(count: int) -> None:
    """B133."""
    sent = [closure_of(TargetKind.SESSION, hash_number(number)) for number in range(count)]
    messages = KEYED.encode(sent, system_identifier=SYSTEM)
    requests = [closures_of(KEYED.decode(message)) for message in messages]
    assert all(len(message) <= MAX_MESSAGE_BYTES for message in messages)
    assert all(len(request) <= MAX_TARGETS for request in requests)
    assert [closure for request in requests for closure in request] == sent


def test_a_hundred_revocations_are_one_message() -> None:
    """B133."""
    sent = [closure_of(TargetKind.SESSION, hash_number(n), transaction=n + 1) for n in range(100)]
    assert closures_of(KEYED.decode(one_message(KEYED, *sent))) == tuple(sent)


@given(st.lists(closures, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_over_several_messages_revoked_is_said_before_reconnect(
    sent: list[Closure], dice: random.Random
) -> None:
    many = [each for each in sent for _ in range(40)]
    dice.shuffle(many)
    messages = KEYED.encode(many, system_identifier=SYSTEM)
    ranks = [[precedence(each) for each in closures_of(KEYED.decode(message))] for message in messages]
    assert all(max(earlier) <= min(later) for earlier, later in pairwise(ranks))


def test_what_is_too_large_for_one_message_is_halved_until_it_is_not() -> None:
    """B133."""
    sent = [
        closure_of(kind, key, transaction=number % 200 + 1)
        for number in range(500)
        for kind, key in [(TargetKind.SESSION, hash_number(number)), (TargetKind.ACCOUNT, id_number(number))]
    ]
    messages = KEYED.encode(sent, system_identifier=SYSTEM)
    assert all(len(message) <= MAX_MESSAGE_BYTES for message in messages)
    heard = [closure for message in messages for closure in closures_of(KEYED.decode(message))]
    assert Counter(heard) == Counter(sent)


def test_a_message_with_501_targets_is_rejected_whatever_its_size() -> None:
    item = {"action": "recheck", "target": {"kind": "table", "key": "a"}, "invalidates": []}
    assert KEYED.decode(sealed(close_body(closures=[item] * 501))) == Rejected(Rejection.SCHEMA, rings=True)


def test_nothing_to_say_is_no_message() -> None:
    assert KEYED.encode([], system_identifier=SYSTEM) == []


@pytest.mark.parametrize(
    "unspeakable",
    [
        closure_of(TargetKind.SESSION, hash_number(1), transaction=None),
        closure_of(TargetKind.TABLE, "session", action=Action.CLOSE),
    ],
)
def test_a_closure_that_could_close_too_much_is_only_a_ring(unspeakable: Closure) -> None:
    assert [KEYED.decode(m) for m in KEYED.encode([unspeakable], system_identifier=SYSTEM)] == [Ring()]


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "everything", "key": hash_number(1)},
        {"key": hash_number(1)},
        {"kind": "session"},
        {"kind": "session", "key": ""},
        {"kind": "session", "key": "*"},
        {"kind": "session", "key": None},
        {"kind": "session", "key": "A" * 64},
        {"kind": "session", "key": "a" * 64 + "\n"},
        {"kind": "session", "key": ["a" * 64]},
        {"kind": "account", "key": "*"},
        {"kind": "account", "key": ""},
        {"kind": "account", "key": hash_number(1)},
        {"kind": "token", "key": "00000000-0000-0000-0000-00000000000%"},
        {"kind": "table", "key": "session"},
        {},
        None,
        "all",
    ],
)
def test_a_target_that_is_none_closes_nothing_and_is_counted_as_schema(target: object) -> None:
    """B23."""
    assert KEYED.decode(sealed(with_target(target))) == Rejected(Rejection.SCHEMA, rings=True)


def test_a_table_may_be_rechecked() -> None:
    body = with_target({"kind": "table", "key": "session"}, action="recheck")
    assert isinstance(KEYED.decode(sealed(body)), CloseRequest)


@pytest.mark.parametrize("missing", ["system", "transaction", "reason", "closures"])
def test_a_close_request_without_what_it_needs_is_rejected(missing: str) -> None:
    body = json.loads(close_body())
    del body[missing]
    assert KEYED.decode(sealed(json.dumps(body))) == Rejected(Rejection.SCHEMA, rings=True)


@pytest.mark.parametrize("transaction", ["0", "-1", "1.5", "", "٣", "9" * 20, 77, None])
def test_a_transaction_that_is_no_number_of_one_is_rejected(transaction: object) -> None:
    assert KEYED.decode(sealed(close_body(transaction=transaction))) == Rejected(Rejection.SCHEMA, rings=True)


def test_a_reason_of_a_newer_version_is_revoked() -> None:
    (closure,) = closures_of(KEYED.decode(sealed(close_body(reason="bored_of_you"))))
    assert closure.cause.reason is Reason.REVOKED


def test_a_newer_credential_type_and_extra_fields_are_ignored() -> None:
    item = {
        "action": "close",
        "target": {"kind": "session", "key": hash_number(1), "colour": 1},
        "invalidates": ["session", "passkey"],
        "more": [],
    }
    (closure,) = closures_of(KEYED.decode(sealed(close_body(closures=[item], more=1), more=2)))
    assert closure.cause.invalidates == {"session"}


def test_a_day_that_no_calendar_has_costs_only_the_latency() -> None:
    (closure,) = closures_of(KEYED.decode(sealed(close_body(committed_after="2026-02-31T25:00:00Z"))))
    assert closure.cause.committed_after is None


@pytest.mark.parametrize(
    "sent", [[SESSION], [SESSION, closure_of(TargetKind.TOKEN, id_number(2), transaction=78)]]
)
def test_of_a_close_request_only_what_is_concerned_is_read(sent: list[Closure]) -> None:
    message = one_message(KEYED, *sent)
    assert closures_of(KEYED.decode(message, lambda kind, keys: ())) == ()
    assert closures_of(
        KEYED.decode(message, lambda kind, keys: keys if kind is TargetKind.SESSION else ())
    ) == (SESSION,)


@pytest.mark.parametrize("codec_", [KEYED, KEYLESS])
@pytest.mark.parametrize(
    "body",
    [
        '{"kind":"close_several","system":"1"}',
        '{"kind":"close_many","system":"1","causes":[],"close":{"session":{}}}',
        '{"kind":"ring","kind":"rong"}',
    ],
)
def test_a_kind_of_a_newer_version_is_counted_and_rings(codec_: BusCodec, body: str) -> None:
    """B247."""
    assert codec_.decode(sealed(body)) == Rejected(Rejection.SCHEMA, rings=True)


def test_what_is_no_json_is_counted_as_that_even_where_its_beginning_has_another_shape() -> None:
    """B137."""
    assert KEYED.decode(b'{"v":"one",') == Rejected(Rejection.NOT_JSON, rings=False)
    assert KEYED.decode(b'{"v":"one"}') == Rejected(Rejection.SCHEMA, rings=False)
    assert KEYED.decode(sealed('{"kind":"rong",')) == Rejected(Rejection.NOT_JSON, rings=True)


def test_a_newer_version_is_rejected_as_that() -> None:
    """B247."""
    assert KEYED.decode(sealed(close_body(), v=2)) == Rejected(Rejection.VERSION, rings=False)


def test_what_is_too_large_is_rejected_unread() -> None:
    assert KEYED.decode(b" " * (MAX_MESSAGE_BYTES + 1)) == Rejected(Rejection.TOO_LARGE, rings=False)
    padded = one_message(KEYED).ljust(MAX_MESSAGE_BYTES)
    assert isinstance(KEYED.decode(padded), CloseRequest)


def test_under_a_key_a_message_without_mac_is_rejected() -> None:
    """B138."""
    assert KEYED.decode(one_message(KEYLESS)) == Rejected(Rejection.MAC_MISSING, rings=False)


@pytest.mark.parametrize("mac", ["", "0" * 64, "é", "0" * 63])
def test_under_a_key_a_wrong_mac_is_rejected(mac: str) -> None:
    assert KEYED.decode(sealed(close_body(), mac=mac)) == Rejected(Rejection.MAC_BAD, rings=False)


def test_a_mac_by_another_key_is_rejected() -> None:
    assert KEYED.decode(one_message(codec(bus_key="two"))) == Rejected(Rejection.MAC_BAD, rings=False)


def test_a_message_of_another_namespace_is_worth_nothing() -> None:
    """B140."""
    other = codec(namespace="other", bus_key="one")
    assert KEYED.decode(one_message(other)) == Rejected(Rejection.MAC_BAD, rings=False)


def test_while_keys_are_rotated_both_are_accepted_and_the_first_signs() -> None:
    old, new = codec(bus_key="one"), codec(bus_key="two")
    rotating = codec(bus_key="two", bus_key_previous="one")
    assert isinstance(rotating.decode(one_message(old)), CloseRequest)
    assert isinstance(rotating.decode(one_message(new)), CloseRequest)
    assert isinstance(new.decode(one_message(rotating)), CloseRequest)
    assert isinstance(old.decode(one_message(rotating)), Rejected)


@pytest.mark.parametrize("signer", [KEYED, KEYLESS])
def test_without_a_key_a_close_request_is_a_ring(signer: BusCodec) -> None:
    assert KEYLESS.decode(one_message(signer)) == Ring()


def test_without_a_key_garbage_is_counted_and_rings() -> None:
    assert KEYLESS.decode(b"garbage") == Rejected(Rejection.NOT_JSON, rings=True)


def test_rings_and_echoes_come_as_they_went() -> None:
    node_id = NodeId(UUID(int=5))
    assert KEYED.decode(KEYED.encode_ring()) == Ring()
    assert KEYED.decode(KEYED.encode_echo(node_id, 7)) == Echo(node_id, 7)
