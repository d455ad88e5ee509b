"""Settings, read once from the environment. A bad value stops the start with a sentence that names its variable."""

from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["Environment", "Settings", "SettingsError", "StalePolicy", "load_settings"]

KIB = 1024
LONGEST_DURATION_S = 10 * 365 * 24 * 3600


class SettingsError(Exception):
    """One sentence that names the variable and says what it must be."""


class Environment(StrEnum):
    """Where we run; embedded servers are refused in production."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class StalePolicy(StrEnum):
    """What a node does with its sockets when its lease has run out."""

    HOLD = "hold"
    CLOSE = "close"
    SERVE = "serve"


def _seconds(value: object) -> object:
    """Durations are plain seconds in the environment; NaN and infinity are none."""
    if isinstance(value, timedelta):
        return value
    seconds = float(str(value))
    if not 0 < seconds <= LONGEST_DURATION_S:
        raise ValueError("must be a number of seconds above 0 and at most ten years")
    return timedelta(seconds=seconds)


def _words(value: object) -> object:
    return (
        tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value
    )


Duration = Annotated[timedelta, BeforeValidator(_seconds)]


def _networks(value: object) -> object:
    words = _words(value)
    if isinstance(words, tuple):
        for word in words:
            ip_network(word, strict=False)
    return words


Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_networks)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Settings(BaseSettings):
    """Everything that can be set. Field `lease` is the variable `CUTOFF_LEASE`, and so on; URLs have no prefix."""

    model_config = SettingsConfigDict(
        env_prefix="CUTOFF_", extra="ignore", frozen=True, populate_by_name=True
    )

    database_url: str = Field(validation_alias="DATABASE_URL")
    redis_url: str = Field(validation_alias="REDIS_URL")
    celery_broker_url: str = Field(default="", validation_alias="CELERY_BROKER_URL")

    env: Environment = Environment.PRODUCTION
    namespace: str = Field(default="cutoff", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    channel_shards: int = Field(default=1, ge=1, le=64)
    """Over how many sharded channels of a Redis Cluster close requests are spread; 1: a plain channel."""
    bus_key: SecretStr | None = None
    bus_key_previous: SecretStr | None = None
    node_name: str = Field(default="", max_length=128)

    lease: Duration = timedelta(seconds=3)
    tail_interval: Duration = timedelta(seconds=1)
    poll_timeout: Duration = timedelta(seconds=0.8)
    perform_within: Duration = timedelta(seconds=2)
    stale_policy: StalePolicy = StalePolicy.HOLD
    hold_limit: Duration = timedelta(seconds=30)
    close_grace: Duration = timedelta(seconds=1)
    opening_limit: Duration = timedelta(seconds=10)
    remember_closures: Duration = timedelta(seconds=60)
    reconcile_interval: Duration = timedelta(minutes=5)
    log_kept: Duration = timedelta(hours=24)

    heartbeat_interval: Duration = timedelta(seconds=30)
    heartbeat_timeout: Duration = timedelta(seconds=60)
    frame_limit: int = Field(default=64 * KIB, ge=KIB, le=16 * KIB * KIB)
    request_limit: int = Field(default=64 * KIB, ge=KIB, le=16 * KIB * KIB)
    openings_limit: int = Field(default=256, ge=1)
    """How many sockets of one node may be opening at once; further ones get 503 and `Retry-After`."""

    session_lifetime: Duration = timedelta(hours=1)
    cookie_lifetime: Duration = timedelta(hours=12)
    session_absolute_lifetime: Duration = timedelta(days=30)
    refresh_leeway: Duration = timedelta(seconds=10)
    grant_maximum: Duration = timedelta(days=30)
    sign_in_attempts: int = Field(default=10, ge=1)
    """Failed sign-ins a minute, of one address or for one account, after which 429 is answered."""

    daemon_token: SecretStr | None = None
    daemon_account: UUID | None = None
    allowed_origins: Words = ()
    cookie_secure: bool = True
    trusted_proxies: Networks = ()
    """Addresses whose `X-Forwarded-For` is believed."""

    webhook_private_addresses: bool = False
    """Whether webhooks may go to addresses that are not public: for development."""
    webhook_give_up_after: Duration = timedelta(days=3)

    statement_timeout: Duration = timedelta(seconds=5)
    lock_timeout: Duration = timedelta(seconds=2)
    idle_in_transaction_timeout: Duration = timedelta(seconds=1)
    pool_size: int = Field(default=8, ge=1, le=200)
    """Connections, and so threads, of one process for reading and writing rows."""
    enqueue_timeout: Duration = timedelta(seconds=1)
    publish_timeout: Duration = timedelta(seconds=0.5)
    wait_limit: Duration = timedelta(seconds=30)
    worker_metrics: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+:[0-9]{1,5}$")
    """Where a worker's first process shows its metrics, `host:port`; each further one a port higher."""
    tracing_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    @property
    def broker_url(self) -> str:
        """Where tasks are queued: `CELERY_BROKER_URL`, or `REDIS_URL` where that is not set."""
        return self.celery_broker_url or self.redis_url

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        rules = (
            (self.lease > self.tail_interval, "CUTOFF_LEASE must be above CUTOFF_TAIL_INTERVAL"),
            (self.poll_timeout < self.lease, "CUTOFF_POLL_TIMEOUT must be below CUTOFF_LEASE"),
            (
                self.remember_closures > self.opening_limit,
                "CUTOFF_REMEMBER_CLOSURES must be above CUTOFF_OPENING_LIMIT",
            ),
            (
                self.heartbeat_timeout > self.heartbeat_interval,
                "CUTOFF_HEARTBEAT_TIMEOUT must be above CUTOFF_HEARTBEAT_INTERVAL",
            ),
            (
                (self.daemon_token is None) == (self.daemon_account is None),
                "CUTOFF_DAEMON_TOKEN and CUTOFF_DAEMON_ACCOUNT must be set together",
            ),
            (
                self.channel_shards == 1 or bool(self.celery_broker_url),
                "CELERY_BROKER_URL must be set where CUTOFF_CHANNEL_SHARDS is above 1, to a Redis that is no cluster",
            ),
        )
        broken = [sentence for holds, sentence in rules if not holds]
        if broken:
            raise ValueError(broken[0])
        return self


def load_settings(**overrides: object) -> Settings:
    """The settings of this process. Raises: SettingsError with one sentence for the first value that is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{message}."
    field = str(first["loc"][0])
    variable = field if field.isupper() else f"CUTOFF_{field.upper()}"
    return f"{variable}: {message}."
