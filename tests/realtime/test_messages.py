import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.closing import CloseCode, Closing, Reason, Retry
from app.realtime.messages import (
    Echo,
    Logout,
    Malformed,
    OrgAction,
    Whoami,
    closing_frame,
    error_frame,
    parse_request,
)


def problem_of(text: str) -> tuple[str, str | int | None]:
    with pytest.raises(Malformed) as caught:
        parse_request(text)
    return caught.value.problem, caught.value.request_id


def test_each_type_of_request_is_understood():
    assert parse_request('{"type":"whoami","id":"a"}') == Whoami(type="whoami", id="a")
    assert parse_request('{"type":"echo","id":7,"payload":[1]}') == Echo(type="echo", id=7, payload=[1])
    assert parse_request('{"type":"org","id":1,"org":"acme"}') == OrgAction(
        type="org", id=1, org="acme", action="read"
    )
    assert parse_request('{"type":"logout","id":1}') == Logout(type="logout", id=1)


@pytest.mark.parametrize("text", ["", "hello", "{", "[" * 10_000, '{"id":1', "\x00", '{"a":"\\ud800"}'])
def test_what_is_no_json_is_said_to_be_none(text: str):
    assert problem_of(text) == ("not_json", None)


def test_an_unknown_type_is_answered_under_the_id_that_it_came_with():
    assert problem_of('{"type":"shout","id":"x"}') == ("unknown_type", "x")
    assert problem_of('{"id":3}') == ("unknown_type", 3)
    assert problem_of('{"type":"__class__","id":3}') == ("unknown_type", 3)


@pytest.mark.parametrize("text", ["[]", "null", "1", '"whoami"', "true"])
def test_json_that_is_no_object_is_invalid(text: str):
    assert problem_of(text)[0] in {"invalid", "unknown_type"}
    assert problem_of(text)[1] is None


def test_members_that_nobody_knows_are_refused():
    assert problem_of('{"type":"whoami","id":1,"sudo":true}') == ("invalid", 1)


@pytest.mark.parametrize("bad_id", ["null", "true", "1.5", "[]", "{}", '""', '"' + "x" * 129 + '"'])
def test_an_id_that_cannot_be_repeated_is_not(bad_id: str):
    problem, request_id = problem_of('{"type":"whoami","id":' + bad_id + "}")
    assert problem == "invalid"
    assert request_id in {None, ""}


@pytest.mark.parametrize("digits", [200, 4_300, 4_301, 60_000])
def test_a_number_of_any_length_is_an_answer_and_never_a_failure(digits: int):
    text = '{"type":"whoami","id":' + "9" * digits + "}"
    try:
        request = parse_request(text)
    except Malformed as malformed:
        json.loads(error_frame(malformed.problem, malformed.request_id))
    else:
        json.loads(error_frame("forbidden", request.id))


@pytest.mark.parametrize("payload", ["NaN", "Infinity", "-Infinity", "1e999", "[[NaN]]"])
def test_a_number_that_json_cannot_say_is_not_echoed(payload: str):
    assert problem_of('{"type":"echo","id":1,"payload":' + payload + "}")[0] in {"invalid", "not_json"}


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "replace")))
def test_any_text_is_a_request_or_malformed(text: str):
    try:
        parse_request(text)
    except Malformed as malformed:
        json.loads(error_frame(malformed.problem, malformed.request_id))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["whoami", "echo", "org", "logout"]) | json_values,
            "id": json_values,
            "payload": json_values,
            "org": json_values,
            "action": json_values,
        },
    )
)
def test_any_object_is_a_request_or_malformed(members: dict[str, object]):
    try:
        parse_request(json.dumps(members))
    except Malformed as malformed:
        json.loads(error_frame(malformed.problem, malformed.request_id))


def test_the_last_message_names_reason_code_and_retry():
    closing = Closing(code=CloseCode.RECONNECT, reason=Reason.RECONNECT, retry=Retry.NOW)
    assert json.loads(closing_frame(closing, retry_after_ms=120)) == {
        "type": "closing", "reason": "reconnect", "code": 4005, "retry": "now", "retry_after_ms": 120,
    }  # fmt: skip
    revoked = Closing(code=CloseCode.REVOKED, reason=Reason.SESSION_REVOKED, retry=Retry.AFTER_SIGN_IN)
    assert "retry_after_ms" not in json.loads(closing_frame(revoked, retry_after_ms=0))
