"""Redis: there, new enough, and what is published on the close channel arrives, with the rights that this process has."""

from collections.abc import Iterator

from redis import Redis
from redis.exceptions import NoPermissionError, RedisError

from app.clock import boot_seconds
from app.config import Settings
from app.domain.findings import Finding, Verdict
from app.fanout.publisher import Publisher
from app.fanout.wire import close_channel

__all__ = ["check_bus"]

ANSWER_WITHIN_S = 2.0
OLDEST = {"redis": (7, 0), "valkey": (7, 2)}


def check_bus(settings: Settings) -> Iterator[Finding]:
    """A ring of the bell, which makes nodes read the log and does nothing else, is sent and heard."""
    redis = Redis.from_url(
        settings.redis_url,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        protocol=2,
    )
    try:
        yield _judge_version(redis)
        yield _hear_a_ring(redis, settings)
    except NoPermissionError as error:
        yield Finding(
            check="redis_rights",
            verdict=Verdict.PROBLEM,
            means=f"Redis refuses what a node needs: {error}.",
            do="Give this user the rules of deploy/redis.acl (docs/redis-acl.md).",
        )
    except (RedisError, OSError) as error:
        yield Finding(
            check="redis",
            verdict=Verdict.PROBLEM,
            means=f"Redis does not answer ({type(error).__name__}): closing takes a tail interval, and nodes perform revocations.",
            do="Is REDIS_URL right, and does the server run?",
        )
    finally:
        redis.close()


def _judge_version(redis: Redis) -> Finding:
    told = redis.execute_command("HELLO")  # type: ignore[no-untyped-call]
    answer = dict(zip(told[::2], told[1::2], strict=True)) if isinstance(told, list) else told
    name, version = (_text(answer.get(key, answer.get(key.encode(), ""))) for key in ("server", "version"))
    number = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    is_old = number < OLDEST.get(name, (0, 0))
    return Finding(
        check="redis",
        verdict=Verdict.PROBLEM if is_old else Verdict.OK,
        means=f"{name.capitalize()} {version} answers{', and is too old' if is_old else ''}.",
        do="Upgrade to Redis 7.0 or Valkey 7.2, or newer." if is_old else "",
    )


def _hear_a_ring(redis: Redis, settings: Settings) -> Finding:
    with redis.pubsub() as ear, Publisher(settings) as publisher:  # type: ignore[no-untyped-call]
        ear.subscribe(close_channel(settings.namespace))
        is_taken = _is_next(ear, "subscribe") and publisher.ring()
        if is_taken and _is_next(ear, "message"):
            return Finding(check="doorbell", verdict=Verdict.OK, means="What is published is heard.")
    return Finding(
        check="doorbell",
        verdict=Verdict.PROBLEM,
        means="What is published on the close channel is not heard: closing takes a tail interval.",
        do="May this user PUBLISH there (docs/redis-acl.md)? Do REDIS_URL of nodes and workers name one server?",
    )


def _is_next(ear: object, kind: str) -> bool:
    until = boot_seconds() + ANSWER_WITHIN_S
    while boot_seconds() < until:
        message = ear.get_message(timeout=ANSWER_WITHIN_S)  # type: ignore[attr-defined]
        if message is not None and message["type"] == kind:
            return True
    return False


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
