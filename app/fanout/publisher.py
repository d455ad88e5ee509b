"""Says on the bus what has been committed to the closure log. Losing a message costs time, never a closure."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog
from prometheus_client import Counter
from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.exceptions import RedisError
from redis.retry import Retry

from app.config import Settings
from app.domain.targets import Closure
from app.fanout.wire import BusCodec, close_channel

__all__ = ["Publisher"]

_log = structlog.get_logger(__name__)

MESSAGES = Counter("cutoff_bus_published_total", "Messages that this process gave to Redis.")
FAILURES = Counter("cutoff_bus_publish_failures_total", "Times that Redis did not take what was published.")


class Publisher:
    """Publishes after commit; for any thread. Build it after the fork."""

    def __init__(self, settings: Settings) -> None:
        self.failures = 0
        self._codec = BusCodec.from_settings(settings)
        self._channel = close_channel(settings.namespace)
        self._redis = Redis(connection_pool=_pool(settings))

    def publish(self, closures: Sequence[Closure], *, system_identifier: str) -> bool:
        """Whether Redis took all of it: one round trip, a bounded time even if Redis is frozen, no exception.

        False means that the nodes will learn of it from the log, within one tail interval.
        """
        messages = self._codec.encode(closures, system_identifier=system_identifier)
        return self._send(messages) if messages else True

    def ring(self) -> bool:
        """Every node that hears it reads the log; whether Redis took it."""
        return self._send([self._codec.encode_ring()])

    def close(self) -> None:
        """Its connections are closed; may be called twice."""
        self._redis.connection_pool.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, messages: Sequence[bytes]) -> bool:
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for message in messages:
                    pipeline.publish(self._channel, message)
                pipeline.execute()
        except (RedisError, OSError) as error:
            self.failures += 1
            FAILURES.inc()
            _log.warning("publish_failed", messages=len(messages), error=type(error).__name__)
            return False
        MESSAGES.inc(len(messages))
        return True


def _pool(settings: Settings) -> ConnectionPool:
    """Ours overrides the URL's options: no retry, no further round trips at connecting, short time-outs."""
    timeout_s = settings.publish_timeout.total_seconds()
    parts = parse_url(settings.redis_url)  # type: ignore[no-untyped-call]
    ours = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "driver_info": None,
        "health_check_interval": 0,
    }
    return ConnectionPool(**{**parts, **ours})
