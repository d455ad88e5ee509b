"""What is taken for the peer's answer to our close is what the library would have taken for it, and nothing else is."""

import logging

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from app.realtime.close_answer import take_answer
from app.realtime.farewell import farewell

CODE = (4001).to_bytes(2, "big")


def an_open_connection() -> ServerProtocol:
    return ServerProtocol(state=State.OPEN, logger=logging.getLogger("test"))


def a_closing_connection(*, heard: bytes = b"", reason: str = "revoked") -> ServerProtocol:
    connection = an_open_connection()
    if heard:
        connection.receive_data(heard)
        connection.events_received()
    farewell(4001, reason, "last").say(connection)
    return connection


def frame(payload: bytes, opcode: Opcode = Opcode.CLOSE, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=mask)


@pytest.mark.parametrize("payload", [CODE, CODE + b"revoked", CODE + "zurückgezogen".encode()])
def test_an_answer_leaves_what_the_library_would_have_noted(payload: bytes):
    reason = payload[2:].decode() or "revoked"
    by_hand, by_library = a_closing_connection(reason=reason), a_closing_connection(reason=reason)
    answer = frame(payload)
    assert take_answer(answer, by_hand)
    by_library.receive_data(answer)
    noted = ("state", "close_sent", "close_rcvd", "close_rcvd_then_sent", "parser_exc", "current_size")
    assert [getattr(by_hand, name) for name in noted] == [getattr(by_library, name) for name in noted]


OTHERS = {
    "another code": frame((4002).to_bytes(2, "big")),
    "half a reason": frame(CODE + b"revoke"),
    "no code": frame(b""),
    "no mask": frame(CODE, mask=False),
    "a text": frame(CODE, Opcode.TEXT),
    "a pong": frame(CODE, Opcode.PONG),
    "not the whole": frame(CODE)[:-1],
    "more than the whole": frame(CODE) + b"\0",
    "two": frame(CODE) * 2,
    "a reserved bit": bytes([0xC8]) + frame(CODE)[1:],
    "a shorter length": b"\x88\x81" + frame(CODE)[2:],
    "the mask's bit gone": b"\x88\x02" + frame(CODE)[2:],
    "nothing": b"",
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_what_is_anything_else_is_left_to_the_library(data: bytes):
    connection = a_closing_connection()
    assert not take_answer(data, connection)
    assert connection.close_rcvd is None


WITHIN = {
    "after one byte": b"\x82",
    "before the mask": b"\x82\x88",
    "before the payload": b"\x82\x88\0\0\0\0",
    "before a long frame's mask": b"\x82\xfe\0\x7e",
    "in a fragmented message": frame(b"half", Opcode.TEXT, fin=False),
}


@pytest.mark.parametrize("heard", WITHIN.values(), ids=WITHIN)
def test_the_same_bytes_within_a_frame_or_a_fragmented_message_are_no_answer(heard: bytes):
    connection = a_closing_connection(heard=heard)
    assert not take_answer(frame(CODE), connection)
    assert connection.close_rcvd is None


def test_whole_frames_before_it_change_nothing():
    connection = a_closing_connection(heard=frame(b"text", Opcode.TEXT) + frame(b"", Opcode.PING))
    connection.receive_data(frame(b"late", Opcode.TEXT))
    assert take_answer(frame(CODE), connection)


def test_a_peer_that_closes_first_does_not_answer_and_nobody_answers_twice():
    assert not take_answer(frame(CODE), an_open_connection())
    connection = a_closing_connection()
    assert take_answer(frame(CODE), connection)
    assert not take_answer(frame(CODE), connection)


def test_after_a_broken_protocol_no_answer_is_looked_for():
    connection = an_open_connection()
    connection.receive_data(frame(b"x", Opcode.TEXT, mask=False))
    assert connection.close_sent is not None
    answer = frame(connection.close_sent.code.to_bytes(2, "big"))
    assert not take_answer(answer, connection)
