"""The peer's answer to our close frame, known by its bytes: nearly every socket that we close gets one, and nothing else.

The protocol library takes several times as long to read it. Whatever is not exactly such an answer is the library's.
"""

from types import CodeType, GeneratorType
from typing import Any, cast

from websockets.frames import Close
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.streams import StreamReader
from websockets.utils import apply_mask

__all__ = ["take_answer"]

CLOSE_FRAME = 0x88
MASKED = 0x80
HEADER_BYTES = 6
"""Two, and the mask: the payload of a control frame is always short."""
CODE_BYTES = 2


def take_answer(data: bytes, connection: ServerProtocol) -> bool:
    """Whether the bytes are one whole close frame, which answers ours; the connection knows then that it has come.

    An answer repeats our code, and our reason or none (RFC 6455, section 5.5.1). It is one only between two frames
    and outside of a fragmented message. Nothing may be given to the library after it: its parser has not seen it.
    """
    length = len(data) - HEADER_BYTES
    if (
        length < CODE_BYTES
        or data[0] != CLOSE_FRAME
        or data[1] != MASKED | length
        or connection.state is not State.CLOSING
        or connection.close_rcvd is not None
        or connection.current_size is not None
        or not _is_between_frames(connection)
    ):
        return False
    sent = cast("Close", connection.close_sent)
    payload = apply_mask(data[HEADER_BYTES:], data[CODE_BYTES:HEADER_BYTES])
    if int.from_bytes(payload[:CODE_BYTES], "big") != sent.code:
        return False
    reason = payload[CODE_BYTES:]
    if reason and reason != sent.reason.encode():
        return False
    connection.close_rcvd = Close(sent.code, sent.reason if reason else "")
    connection.close_rcvd_then_sent = False
    return True


def _is_between_frames(connection: ServerProtocol) -> bool:
    """Whether the library has read all that came, and waits for the first byte of a frame."""
    inner: Any = connection.parser
    for _ in range(2):  # the server's parser delegates to that of both sides, and that one to the reader
        inner = inner.gi_yieldfrom
        if inner is None:
            return False
    return inner.gi_code is _AWAITS_A_FRAME


_AWAITS_A_FRAME: CodeType = cast("GeneratorType[None, None, bool]", StreamReader().at_eof()).gi_code
