"""What is done with a connection below its protocol: how much of it is under way, and how it is reset."""

import asyncio
import fcntl
import socket
import struct
import sys
from contextlib import suppress

__all__ = [
    "RESET_ON_CLOSE",
    "SEND_BUFFER_BYTES",
    "give_up_on_silence",
    "keep_little",
    "reset",
    "unsent_bytes",
]

SEND_BUFFER_BYTES = 16 * 1024
"""Of the kernel (Linux doubles it): what is in it cannot be recalled, and autotuning would let it grow to megabytes."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
SIOCOUTQNSD = 0x894B
_KERNEL_TELLS = sys.platform == "linux"
_NOTHING = bytes(4)


def keep_little(transport: asyncio.Transport) -> None:
    """Next to nothing is kept on this side, so that senders wait as soon as the peer does not keep up.

    With limits of 0, TLS transports pause and do not resume; and uvloop writes at once instead of at the end of
    the loop's turn.
    """
    transport.set_write_buffer_limits(high=1)
    _set(transport, socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def give_up_on_silence(transport: asyncio.Transport, *, after_s: float) -> None:
    """The kernel drops the connection when what was sent is not acknowledged for so long (Linux)."""
    if sys.platform == "linux":
        _set(transport, socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(after_s * 1000))


def unsent_bytes(transport: asyncio.Transport) -> int:
    """Bytes that have not left this machine: the transport's, and on Linux what the kernel holds back as well."""
    unsent = transport.get_write_buffer_size()
    if _KERNEL_TELLS and (sock := _socket(transport)) is not None:
        try:
            held_back = fcntl.ioctl(sock.fileno(), SIOCOUTQNSD, _NOTHING)
        except (OSError, ValueError):
            return unsent
        if held_back != _NOTHING:
            unsent += int.from_bytes(held_back, sys.byteorder)
    return unsent


def reset(transport: asyncio.Transport) -> None:
    """The connection is reset, and the kernel has thrown away what it had not delivered."""
    _set(transport, socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()


def _set(transport: asyncio.Transport, level: int, option: int, value: int | bytes) -> None:
    sock = _socket(transport)
    if sock is not None:
        with suppress(OSError, ValueError):  # the descriptor may be closed already
            sock.setsockopt(level, option, value)


def _socket(transport: asyncio.Transport) -> socket.socket | None:
    sock: socket.socket | None = transport.get_extra_info("socket")
    return sock
