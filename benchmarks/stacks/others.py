"""The baseline and the peers: each two servers, on the Redis that it is given."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from benchmarks.children import helper
from benchmarks.stacks.installing import PEERS, node_command, peers_python
from benchmarks.stacks.servers import crowd, guests_without_tokens, running_servers
from benchmarks.stacks.stack import Stack

__all__ = ["channels", "python_socketio", "socketio", "subscriber"]

SERVERS = 2
SOCKETIO_PATH = "socket.io/?EIO=4&transport=websocket&account="
PLAIN_PATH = "?account="


def subscriber(redis_url: str) -> AbstractContextManager[Stack]:
    """The hand-written floor."""
    return _stack(
        "subscriber",
        redis_url,
        server=[sys.executable, "-m", "benchmarks.peers.subscriber"],
        sender=[sys.executable, "-m", "benchmarks.senders", "subscriber"],
    )


def socketio(redis_url: str) -> AbstractContextManager[Stack]:
    """Socket.IO with its Redis adapter."""
    return _stack(
        "socket.io",
        redis_url,
        server=[*node_command(), str(PEERS / "socketio_server.cjs")],
        sender=[sys.executable, "-m", "benchmarks.senders", "socketio"],
        speaks_socketio=True,
    )


def channels(redis_url: str) -> AbstractContextManager[Stack]:
    """Django Channels with its pub/sub layer."""
    python = peers_python()
    return _stack(
        "channels",
        redis_url,
        server=[python, "-m", "benchmarks.peers.channels_server"],
        sender=[python, "-m", "benchmarks.peers.channels_sender"],
    )


def python_socketio(redis_url: str) -> AbstractContextManager[Stack]:
    """python-socketio with its Redis manager."""
    python = peers_python()
    return _stack(
        "python-socketio",
        redis_url,
        server=[python, "-m", "benchmarks.peers.python_socketio_server"],
        sender=[python, "-m", "benchmarks.peers.python_socketio_sender"],
        speaks_socketio=True,
    )


@contextmanager
def _stack(
    name: str, redis_url: str, *, server: Sequence[str], sender: Sequence[str], speaks_socketio: bool = False
) -> Iterator[Stack]:
    environment = {"REDIS_URL": redis_url}
    path = SOCKETIO_PATH if speaks_socketio else PLAIN_PATH
    with (
        running_servers(server, count=SERVERS, environment=environment) as (ports, pids),
        crowd(speaks_socketio=speaks_socketio) as holding,
        helper(sender, environment) as sending,
    ):
        yield Stack(
            name=name,
            urls=[f"ws://127.0.0.1:{port}/{path}" for port in ports],
            pids=pids,
            crowd=holding,
            sender=sending,
            invite=guests_without_tokens,
            speaks_socketio=speaks_socketio,
        )
