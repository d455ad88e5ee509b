"""A client for whoever publishes, or puts tasks into the queue: short time-outs, and no retry of its own."""

from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from app.config import Settings
from app.fanout.cluster_map import Place

__all__ = ["impatient_client", "publishing_client"]


def publishing_client(settings: Settings, *, timeout_s: float, place: Place | None = None) -> Redis:
    """A client of the server of `REDIS_URL`, or with the same user and terms of another one."""
    return impatient_client(settings.redis_url, timeout_s=timeout_s, place=place)


def impatient_client(url: str, *, timeout_s: float, place: Place | None = None) -> Redis:
    """A client of that server, or with the same user and terms of another one; for any thread.

    Ours overrides the URL's options: no retry, no further round trips at connecting, short time-outs.
    """
    ours = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "driver_info": None,
        "health_check_interval": 0,
    }
    there = {} if place is None else {"host": place[0], "port": place[1]}
    parts = parse_url(url)  # type: ignore[no-untyped-call]
    return Redis(connection_pool=ConnectionPool(**{**parts, **ours, **there}))
