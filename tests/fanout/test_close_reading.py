from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, json

from app.domain.closing import Reason
from app.domain.credentials import CredentialType
from app.domain.targets import Action, Closure, TargetKind
from app.fanout.close_bodies import body_of
from app.fanout.close_reading import MisspeltError, closures_in
from app.fanout.wire_models import BODY, MAX_TARGETS, CloseBody, CloseManyBody
from tests.fanout.closures import SYSTEM, closure_of, closures, hash_number, id_number

SESSION = closure_of(TargetKind.SESSION, hash_number(1))
TOKEN = closure_of(TargetKind.TOKEN, id_number(2))
LATER = closure_of(TargetKind.ACCOUNT, id_number(3), transaction=78)
GOOD = {"transaction": "77", "reason": "logged_out", "invalidates": ["session"]}
COMMON: dict[str, object] = {"reason": "session_revoked", "invalidates": ["api_token"]}


def as_heard(*sent: Closure) -> CloseBody | CloseManyBody:
    body = BODY.decode(json.encode(body_of(sent, system_identifier=SYSTEM)))
    assert isinstance(body, CloseBody | CloseManyBody)
    return body


def many(*causes: dict[str, Any], **said: object) -> CloseManyBody:
    named: dict[str, object] = {"close": {"session": {hash_number(1): [0]}}, **COMMON, **said}
    body = BODY.decode(
        json.encode({"kind": "close_many", "system": SYSTEM, "causes": causes or [GOOD], **named})
    )
    assert isinstance(body, CloseManyBody)
    return body


def nobody(_: TargetKind, __: Collection[str]) -> Collection[str]:
    return ()


@given(st.lists(closures, min_size=1, max_size=20))
def test_bodies_carry_every_closure_once(sent: list[Closure]) -> None:
    received = closures_in(as_heard(*sent))
    assert Counter(map(without_instant, received)) == Counter(map(without_instant, sent))


def without_instant(closure: Closure) -> Closure:
    """A transaction has one instant for all its closures: it serves for latencies only."""
    return replace(closure, cause=replace(closure.cause, committed_after=None))


@given(st.lists(closures, min_size=1, max_size=20), st.data())
def test_only_those_are_read_that_are_concerned(sent: list[Closure], data: st.DataObject) -> None:
    here = set(data.draw(st.lists(st.sampled_from([closure.target for closure in sent]))))

    def concerned(kind: TargetKind, keys: Collection[str]) -> Collection[str]:
        return [key for key in keys if any(key == it.key and kind is it.kind for it in here)]

    body = as_heard(*sent)
    assert closures_in(body, concerned) == [each for each in closures_in(body) if each.target in here]


@pytest.mark.parametrize("sent", [[SESSION, TOKEN], [SESSION, LATER]])
def test_it_is_asked_once_for_each_kind_not_once_for_each_key(sent: list[Closure]) -> None:
    asked: list[tuple[TargetKind, int]] = []

    def concerned(kind: TargetKind, keys: Collection[str]) -> Collection[str]:
        asked.append((kind, len(keys)))
        return ()

    others = [closure_of(TargetKind.SESSION, hash_number(number)) for number in range(10, 50)]
    assert closures_in(as_heard(*sent, *others), concerned) == []
    assert asked == [(TargetKind.SESSION, 41), (sent[1].target.kind, 1)]


def test_what_concerns_nobody_is_not_looked_at_and_what_does_is() -> None:
    body = many(GOOD, {**GOOD, "transaction": "none"}, close={"session": {hash_number(1): [0], "*": [1]}})
    with pytest.raises(MisspeltError):
        closures_in(body)
    assert closures_in(body, nobody) == []
    (closure,) = closures_in(body, lambda kind, keys: [hash_number(1)])
    assert closure.cause.reason is Reason.LOGGED_OUT
    with pytest.raises(MisspeltError):
        closures_in(body, lambda kind, keys: keys)


@pytest.mark.parametrize(
    "changed",
    [
        {"transaction": "0"},
        {"transaction": "9" * 20},
        {"revocation": "not one"},
        {"revocation": id_number(1).upper() + "A"},
        {"reason": "Two Words"},
        {"committed_after": "yesterday"},
        {"invalidates": ["*"]},
    ],
)
def test_a_cause_that_is_misspelt_is_none_named_or_not(changed: dict[str, object]) -> None:
    body = many(GOOD, {**GOOD, **changed})
    with pytest.raises(MisspeltError):
        closures_in(body)
    with pytest.raises(MisspeltError):
        closures_in(many({**GOOD, **changed}), lambda kind, keys: keys)


def test_a_cause_without_its_transaction_is_none() -> None:
    with pytest.raises(msgspec.ValidationError):
        closures_in(many({"reason": "logged_out", "invalidates": ["session"]}))


def test_what_a_cause_does_not_say_its_message_says_for_all() -> None:
    causes = ({"transaction": "1"}, {**GOOD, "transaction": "2"}, {"transaction": "3", "invalidates": []})
    closures = closures_in(many(*causes, close={"session": {hash_number(1): [0, 1, 2]}}))
    assert [(each.cause.reason, each.cause.invalidates) for each in closures] == [
        (Reason.SESSION_REVOKED, {CredentialType.API_TOKEN}),
        (Reason.LOGGED_OUT, {CredentialType.SESSION}),
        (Reason.SESSION_REVOKED, frozenset()),
    ]


@pytest.mark.parametrize("common", [{"reason": "Two Words"}, {"invalidates": ["*"]}])
def test_what_is_said_for_all_is_checked_though_nobody_needs_it(common: dict[str, object]) -> None:
    with pytest.raises(MisspeltError):
        closures_in(many(GOOD, **common))


@pytest.mark.parametrize("number", [1, -1, 2**63])
def test_a_number_of_no_cause_is_none(number: int) -> None:
    with pytest.raises(MisspeltError):
        closures_in(many(close={"session": {hash_number(1): [number]}}))


def test_there_are_1_to_500_closures() -> None:
    for count in (1, MAX_TARGETS):
        body = many(close={"session": {hash_number(1): [0] * count}})
        assert len(closures_in(body)) == count
    for body in (many(close={"session": {hash_number(1): [0] * (MAX_TARGETS + 1)}}), silent()):
        with pytest.raises(MisspeltError):
            closures_in(body)


def silent() -> CloseManyBody:
    return CloseManyBody(system=SYSTEM, reason="logged_out", invalidates=[], causes=[Raw(json.encode(GOOD))])


@pytest.mark.parametrize("key", ["", "*", "A" * 64, "a" * 64 + "\n", id_number(1)])
def test_a_key_has_the_spelling_of_its_kind(key: str) -> None:
    """B23."""
    with pytest.raises(MisspeltError):
        closures_in(many(close={"session": {key: [0]}}))


def test_a_table_is_rechecked() -> None:
    body = many(recheck={"table": {"session": [0]}})
    closed, rechecked = closures_in(body)
    assert (closed.action, closed.target.kind) == (Action.CLOSE, TargetKind.SESSION)
    assert (rechecked.action, rechecked.target.kind) == (Action.RECHECK, TargetKind.TABLE)
