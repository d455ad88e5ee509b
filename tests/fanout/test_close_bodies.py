from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.closing import Reason
from app.domain.radius import in_order
from app.domain.targets import Action, Closure, TargetKind
from app.fanout.close_bodies import bodies_of, closures_in, is_speakable
from app.fanout.wire_models import MAX_TARGETS, CloseBody
from tests.fanout.closures import SYSTEM, closure_of, closures, hash_number


def bodies(*sent: Closure) -> list[dict[str, Any]]:
    return list(bodies_of(sent, system_identifier=SYSTEM))


@given(st.lists(closures, max_size=20))
def test_bodies_carry_every_closure_once(sent: list[Closure]) -> None:
    received = [
        closure
        for body in bodies(*sent)
        for closure in closures_in(CloseBody.model_validate(body, strict=False))
    ]
    assert Counter(map(without_instant, received)) == Counter(map(without_instant, in_order(sent)))


def without_instant(closure: Closure) -> Closure:
    """A body has one instant for all its closures: it serves for latencies only."""
    return replace(closure, cause=replace(closure.cause, committed_after=None))


def test_one_body_has_one_transaction_and_one_reason() -> None:
    sent = [
        closure_of(TargetKind.SESSION, hash_number(1), transaction=1),
        closure_of(TargetKind.SESSION, hash_number(2), transaction=2),
        closure_of(TargetKind.SESSION, hash_number(3), transaction=1, reason=Reason.LOGGED_OUT),
        closure_of(TargetKind.SESSION, hash_number(4), transaction=1, invalidates=frozenset()),
    ]
    assert [(body["transaction"], body["reason"], len(body["closures"])) for body in bodies(*sent)] == [
        ("1", Reason.SESSION_REVOKED, 2),
        ("2", Reason.SESSION_REVOKED, 1),
        ("1", Reason.LOGGED_OUT, 1),
    ]


def test_one_body_has_at_most_500_targets() -> None:
    sent = [closure_of(TargetKind.SESSION, hash_number(number)) for number in range(MAX_TARGETS + 1)]
    assert [len(body["closures"]) for body in bodies(*sent)] == [MAX_TARGETS, 1]


def test_what_could_close_too_much_is_not_for_the_bus() -> None:
    assert is_speakable(closure_of(TargetKind.SESSION, hash_number(1)))
    assert is_speakable(closure_of(TargetKind.TABLE, "session", action=Action.RECHECK))
    assert not is_speakable(closure_of(TargetKind.TABLE, "session"))
    assert not is_speakable(closure_of(TargetKind.SESSION, hash_number(1), transaction=None))
