"""A connection that only publishes: one round trip however many messages, and nothing on the way that publishing does not need."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import hiredis
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from app.fanout.channels import Shard

__all__ = ["PublishingLine"]


class PublishingLine:
    """To the server of a client, with the client's user, terms and time-outs. For any thread; one at a time publishes.

    A close request waits for what comes before it is written: a client's own way, from its pool through its hooks, costs
    several times as much as saying it.
    """

    def __init__(self, client: Redis) -> None:
        self._connection: Any = client.connection_pool.make_connection()
        self._turn = threading.Lock()

    def publish(self, shard: Shard, messages: Sequence[bytes]) -> int:
        """How many listeners that server told of the message that fewest of them heard.

        What was hung up on while it was idle is dialled again, once: saying something twice is as good as saying it
        once. Raises: RedisError, OSError; some may have been published then.
        """
        command = b"".join([_packed(shard, message) for message in messages])
        with self._turn:
            if self._connection.is_connected:
                with suppress(RedisConnectionError):
                    return self._say(command, answers=len(messages))
            self._connection.connect()
            return self._say(command, answers=len(messages))

    def close(self) -> None:
        """Its connection is closed; may be called twice."""
        with self._turn:
            self._connection.disconnect()

    def _say(self, command: bytes, *, answers: int) -> int:
        try:
            self._connection.send_packed_command([command], check_health=False)
            return min([int(self._connection.read_response()) for _ in range(answers)])
        except BaseException:
            self._connection.disconnect()  # answers may be left in it
            raise


def _packed(shard: Shard, message: bytes) -> bytes:
    packed: bytes = hiredis.pack_command((shard.verbs.publish, shard.close, message))  # type: ignore[arg-type] # its stub allows one argument
    return packed
