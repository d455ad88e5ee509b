"""The bytes of an end are the library's own, and so is the state in which they leave a connection."""

import logging

import pytest
from websockets.exceptions import InvalidState, ProtocolError
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from app.realtime.farewell import farewell

LAST = '{"type":"closing","reason":"revoked"}'


def a_connection() -> ServerProtocol:
    return ServerProtocol(state=State.OPEN, logger=logging.getLogger("test"))


def answer(code: int) -> bytes:
    return Frame(Opcode.CLOSE, code.to_bytes(2, "big")).serialize(mask=True)


@pytest.mark.parametrize("last", [None, LAST, "ü" * 200, "x" * 70_000])
def test_the_bytes_and_the_state_are_those_that_the_library_would_have_made(last: str | None):
    by_hand, by_library = a_connection(), a_connection()
    if last is not None:
        by_library.send_text(last.encode())
    by_library.send_close(4001, "revoked")
    written = farewell(4001, "revoked", last).say(by_hand)
    assert written == b"".join(by_library.data_to_send())
    for connection in (by_hand, by_library):
        connection.receive_data(answer(4001))
    unlike = {"id", "reader", "parser", "events"}
    assert {name: value for name, value in vars(by_hand).items() if name not in unlike} == {
        name: value for name, value in vars(by_library).items() if name not in unlike
    }
    assert by_hand.close_rcvd_then_sent is False


def test_what_had_yet_to_be_written_goes_before():
    connection = a_connection()
    connection.send_text(b"before")
    written = farewell(4001, "", None).say(connection)
    assert written.startswith(bytes([0x81, 6]) + b"before")
    assert written.endswith(bytes([0x88, 2]) + (4001).to_bytes(2, "big"))
    assert connection.data_to_send() == []


def test_nothing_can_be_sent_behind_it():
    connection = a_connection()
    farewell(4001, "revoked", LAST).say(connection)
    with pytest.raises(InvalidState):
        connection.send_text(b"behind")


def test_a_reason_that_is_too_long_is_cut_between_two_characters():
    made = farewell(4001, "ü" * 100, None)
    assert made.close.reason == "ü" * 61
    assert len(made.data) == 2 + 2 + 122


def test_a_code_that_must_not_be_sent_is_refused():
    with pytest.raises(ProtocolError):
        farewell(1006, "", None)


def test_who_is_told_the_same_shares_the_bytes():
    assert farewell(4001, "revoked", LAST) is farewell(4001, "revoked", LAST)
    assert farewell(4001, "revoked", None) is not farewell(4001, "revoked", LAST)
