"""A Valkey, or a Redis, of our own: in memory only, on loopback, with a password."""

import secrets
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from redis import Redis
from redis.exceptions import RedisError

from app.embedded.binaries import redis_binary
from app.embedded.free_port import free_port
from app.embedded.server import Server
from app.embedded.server_user import check_reachable, hand_over

__all__ = ["RedisServer", "start_redis"]

ANSWER_WITHIN_S = 1.0


def start_redis(folder: Path, *, port: int | None = None, extra_args: Sequence[str] = ()) -> "RedisServer":
    """A new, empty server that keeps its files in the folder. `extra_args` as on its command line.

    Raises: EmbeddedServersRefused if there is no such server here, or it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    check_reachable(folder / "data")
    server = RedisServer(folder=folder, port=port or free_port(), extra_args=extra_args)
    server.start_again()
    return server


class RedisServer(Server):
    """A Redis-compatible server on 127.0.0.1. It keeps nothing: started again, it is empty."""

    name: ClassVar[str] = "redis"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    death_signal: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(self, *, folder: Path, port: int, extra_args: Sequence[str]) -> None:
        super().__init__(folder=folder, port=port)
        self._password = secrets.token_hex(16)
        self._extra_args = tuple(extra_args)
        self._binary = redis_binary()
        self._configuration = self._write_configuration()

    @property
    def url(self) -> str:
        """The address for a client, password included; database 0."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def _write_configuration(self) -> Path:
        """In a file of its own, since everybody on the machine can read a command line."""
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        lines = ("bind 127.0.0.1", f"port {self.port}", f"requirepass {self._password}", f"dir {data}")
        memory_only = ('save ""', "appendonly no", "daemonize no")
        configuration = data / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text("\n".join((*lines, *memory_only, "")))
        hand_over(data)
        hand_over(configuration)
        return configuration

    def _command(self) -> Sequence[str | Path]:
        return [self._binary, self._configuration, *self._extra_args]

    def _answers(self) -> bool:
        try:
            with Redis.from_url(
                self.url, socket_connect_timeout=ANSWER_WITHIN_S, socket_timeout=ANSWER_WITHIN_S, retry=None
            ) as client:
                return bool(client.ping())
        except RedisError:
            return False
