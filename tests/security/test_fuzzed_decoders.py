"""The two decoders that strangers can reach, fuzzed: valid frames and messages, changed at random.

`FUZZ=1000000` in the environment tries that many of each.
"""

import json
import os
import random
import secrets

import pytest

from app.domain.targets import Closure, TargetKind
from app.fanout.wire import BusCodec, CloseRequest, Echo, Rejected, Ring
from app.realtime.messages import Malformed, error_frame, parse_request
from tests.fanout.closures import SYSTEM, closure_of, hash_number, id_number
from tests.http.parts import settings_for_tests
from tests.security.mutation import mutated

TRIES = int(os.environ.get("FUZZ", "20000"))
FRAMES = (
    b'{"type":"whoami","id":"a"}',
    b'{"type":"echo","id":7,"payload":{"a":[1,null,"\\u00e9"]}}',
    b'{"type":"org","id":1,"org":"acme","action":"write"}',
    b'{"type":"logout","id":1}',
)
CLOSURES = (
    closure_of(TargetKind.SESSION, hash_number(1)),
    closure_of(TargetKind.ACCOUNT, id_number(2)),
    closure_of(TargetKind.TOKEN, id_number(3)),
)


def codec(key: str | None) -> BusCodec:
    return BusCodec.from_settings(settings_for_tests(bus_key=key))


KEYED, OTHER, KEYLESS = codec("the key"), codec("another key"), codec(None)
MESSAGES = tuple(
    message
    for each in (KEYED, OTHER, KEYLESS)
    for message in (*each.encode(CLOSURES, system_identifier=SYSTEM), each.encode_ring())
)


@pytest.fixture
def dice() -> random.Random:
    seed = secrets.randbelow(10**9)
    print(f"seed {seed}")
    return random.Random(seed)


def test_a_changed_frame_is_a_request_or_malformed_and_can_be_answered(dice: random.Random) -> None:
    for _ in range(TRIES):
        # uvicorn closes with 1007 what is no UTF-8.
        text = mutated(dice.choice(FRAMES), dice).decode("utf-8", "replace")
        try:
            parse_request(text)
        except Malformed as malformed:
            json.loads(error_frame(malformed.problem, malformed.request_id))


def test_a_changed_message_closes_nothing_that_the_key_did_not_sign(dice: random.Random) -> None:
    """Whatever is done to it: with a key it says what it said, or nothing; without, it rings at most."""
    for _ in range(TRIES):
        payload = mutated(dice.choice(MESSAGES), dice)
        decoded = KEYED.decode(payload)
        assert isinstance(decoded, CloseRequest | Ring | Echo | Rejected)
        if isinstance(decoded, CloseRequest):
            assert set(decoded.closures) == _all_of(CLOSURES)
        assert isinstance(KEYLESS.decode(payload), Ring | Rejected | Echo)


def test_a_body_that_was_changed_and_signed_is_decoded_or_rejected(dice: random.Random) -> None:
    """Somebody who has the key writes nonsense: whatever comes of it is a closure as strict as any."""
    body = json.loads(KEYED.encode(CLOSURES, system_identifier=SYSTEM)[0])["body"].encode()
    for _ in range(TRIES // 4):
        changed = mutated(body, dice).decode("utf-8", "replace")
        decoded = KEYED.decode(
            json.dumps({"v": 1, "mac": KEYED.keys.sign(changed), "body": changed}).encode()
        )
        if isinstance(decoded, CloseRequest):
            assert all(each.target.key for each in decoded.closures)
            assert all(
                each.target.kind is not TargetKind.TABLE
                for each in decoded.closures
                if each.action.value == "close"
            )


def _all_of(closures: tuple[Closure, ...]) -> set[Closure]:
    messages = KEYED.encode(closures, system_identifier=SYSTEM)
    found: set[Closure] = set()
    for message in messages:
        decoded = KEYED.decode(message)
        assert isinstance(decoded, CloseRequest)
        found |= set(decoded.closures)
    return found
