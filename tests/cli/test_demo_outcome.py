"""What the demo prints is what was seen."""

from app.cli.demo.outcome import Outcome, ReceiptSeen, SocketOutcome
from app.cli.demo.report import faults_of

RECEIPT = ReceiptSeen(receipt_id="r", state="confirmed", closed=2, nodes=2)


def socket(expected: int | None, seen: int | None, latency_s: float | None = None) -> SocketOutcome:
    return SocketOutcome(expected_code=expected, code=seen, latency_s=latency_s)


def outcome(*sockets: SocketOutcome, faults: tuple[str, ...] = ()) -> Outcome:
    return Outcome(scenario="one", sockets=sockets, receipt=RECEIPT, faults=faults)


def test_exactly_the_right_sockets_is_right():
    right = outcome(socket(4001, 4001, 0.002), socket(4001, 4001, 0.004), socket(None, None))
    assert right.is_right
    assert right.as_json() == {
        "scenario": "one",
        "expected_closed": 2,
        "closed": 2,
        "wrongly_closed": 0,
        "code": 4001,
        "p50_ms": 3.0,
        "max_ms": 4.0,
        "receipt": {"id": "r", "state": "confirmed", "closed": 2, "nodes": 2},
    }
    assert faults_of([right]) == []


def test_a_bystander_that_closed_is_wrong():
    wrong = outcome(socket(4001, 4001, 0.1), socket(None, 4001, 0.1))
    assert (wrong.closed, wrong.wrongly_closed, wrong.is_right) == (1, 1, False)
    assert faults_of([wrong]) == ["one: not exactly the right sockets closed."]


def test_another_code_than_expected_is_wrong():
    wrong = outcome(socket(4005, 4001, 0.1))
    assert (wrong.closed, wrong.wrongly_closed, wrong.is_right) == (0, 1, False)


def test_a_socket_that_lives_on_is_wrong():
    wrong = outcome(socket(4001, None))
    assert (wrong.closed, wrong.wrongly_closed, wrong.is_right) == (0, 0, False)
    assert (wrong.as_json()["code"], wrong.p50_ms, wrong.max_ms) == (None, None, None)


def test_several_codes_are_counted():
    several = outcome(socket(4001, 4001, 0.1), socket(4005, 4005, 0.1), socket(4005, 4005, 0.1))
    assert several.as_json()["code"] == {"4001": 1, "4005": 2}


def test_a_fault_alone_is_wrong():
    wrong = outcome(socket(4001, 4001, 0.1), faults=("its receipt says performed",))
    assert faults_of([wrong]) == ["one: its receipt says performed."]
