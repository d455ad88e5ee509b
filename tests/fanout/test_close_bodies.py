from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, json

from app.domain.closing import Reason
from app.domain.radius import in_order, precedence
from app.domain.targets import Action, TargetKind
from app.fanout.close_bodies import CAUSES_A_MESSAGE, body_of, is_speakable, lots_of
from app.fanout.wire_models import MAX_TARGETS, CloseBody, CloseManyBody
from tests.fanout.closures import SYSTEM, closure_of, closures, hash_number, id_number


def session(number: int, **named):
    return closure_of(TargetKind.SESSION, hash_number(number), **named)


@given(st.lists(closures, max_size=20))
def test_lots_have_each_closure_once_revoked_before_reconnect(sent) -> None:
    said = [closure for lot in lots_of(sent) for closure in lot]
    assert said == in_order(sent)
    assert [precedence(closure) for closure in said] == sorted(map(precedence, said))


def test_a_lot_has_at_most_500_targets() -> None:
    sent = [session(number) for number in range(MAX_TARGETS + 1)]
    assert [len(lot) for lot in lots_of(sent)] == [MAX_TARGETS, 1]


def test_a_lot_has_at_most_200_causes() -> None:
    """B133."""
    sent = [session(number, transaction=number + 1) for number in range(2 * CAUSES_A_MESSAGE + 1)]
    assert [len(lot) for lot in lots_of(sent)] == [CAUSES_A_MESSAGE, CAUSES_A_MESSAGE, 1]
    of_one_more = [*sent[:CAUSES_A_MESSAGE], session(0, transaction=1)]
    assert [len(lot) for lot in lots_of(of_one_more)] == [CAUSES_A_MESSAGE + 1]


def test_one_transaction_of_one_reason_is_said_as_every_version_understands_it() -> None:
    """B247."""
    sent = [session(1), session(2, invalidates=frozenset())]
    body = body_of(sent, system_identifier=SYSTEM)
    assert isinstance(body, CloseBody)
    assert (body.transaction, body.reason) == ("77", Reason.SESSION_REVOKED)
    assert [item.invalidates for item in body.closures] == [["api_token", "daemon_token", "session"], []]


def test_several_are_said_together_each_cause_once() -> None:
    account = closure_of(TargetKind.ACCOUNT, id_number(1), transaction=2)
    sent = [
        session(1, transaction=1),
        session(2, transaction=2),
        session(3, transaction=2),
        session(1, transaction=1, action=Action.RECHECK),
        account,
        replace(account, cause=replace(account.cause, reason=Reason.LOGGED_OUT)),
    ]
    body = body_of(sent, system_identifier=SYSTEM)
    assert isinstance(body, CloseManyBody)
    assert body.close == {
        "session": {hash_number(1): [0], hash_number(2): [1], hash_number(3): [1]},
        "account": {id_number(1): [1, 2]},
    }
    assert body.recheck == {"session": {hash_number(1): [0]}}
    assert (body.reason, body.invalidates) == ("session_revoked", ["api_token", "daemon_token", "session"])
    causes = [json.decode(bytes(cause)) for cause in body.causes]
    assert [(each["transaction"], each.get("reason")) for each in causes] == [
        ("1", None),
        ("2", None),
        ("2", "logged_out"),
    ]


def test_a_cause_says_only_what_the_first_does_not_say_as_well() -> None:
    sent = [
        session(1, transaction=1),
        session(2, transaction=2, invalidates=frozenset()),
        session(3, transaction=3, reason=Reason.LOGGED_OUT),
    ]
    body = body_of(sent, system_identifier=SYSTEM)
    assert isinstance(body, CloseManyBody)
    said = [{*json.decode(bytes(cause))} & {"reason", "invalidates"} for cause in body.causes]
    assert said == [set(), {"invalidates"}, {"reason"}]


def test_what_is_only_closed_names_no_rechecks() -> None:
    body = body_of([session(1, transaction=1), session(2, transaction=2)], system_identifier=SYSTEM)
    assert isinstance(body, CloseManyBody)
    assert body.recheck is UNSET


def test_what_could_close_too_much_is_not_for_the_bus() -> None:
    assert is_speakable(session(1))
    assert is_speakable(closure_of(TargetKind.TABLE, "session", action=Action.RECHECK))
    assert not is_speakable(closure_of(TargetKind.TABLE, "session"))
    assert not is_speakable(session(1, transaction=None))
