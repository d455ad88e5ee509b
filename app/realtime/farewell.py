"""The bytes with which a connection ends: a last message and the close frame behind it, made once for all who get the same.

They are what the protocol library would write (RFC 6455, sections 5.2 and 5.5.1), and a connection that has sent them
stands where the library would have left it.
"""

from dataclasses import dataclass
from functools import lru_cache

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

__all__ = ["Farewell", "farewell"]

KEPT = 64
"""There are some twenty reasons; those who are to come back each at an instant of their own share nothing."""
REASON_BYTES = 123
"""What a close frame has room for beside its code."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """What is written, and the close as the library notes it."""

    data: bytes
    close: Close

    def say(self, connection: ServerProtocol) -> bytes:
        """What is to be written now; the connection, which must be open, has begun to close.

        What it had yet to write goes before. Neither message is compressed, as an extension leaves one free to do.
        """
        unwritten = connection.data_to_send()
        connection.close_sent = self.close
        connection.state = State.CLOSING
        return b"".join((*unwritten, self.data)) if unwritten else self.data


@lru_cache(maxsize=KEPT)
def farewell(code: int, reason: str, last: str | None) -> Farewell:
    """The end with that code and reason, behind the last message if there is one.

    Raises: websockets.exceptions.ProtocolError for a code that must not be sent.
    """
    close = Close(int(code), reason.encode()[:REASON_BYTES].decode(errors="ignore"))
    frames = [Frame(Opcode.CLOSE, close.serialize())]
    if last is not None:
        frames.insert(0, Frame(Opcode.TEXT, last.encode()))
    return Farewell(b"".join(frame.serialize(mask=False) for frame in frames), close)
