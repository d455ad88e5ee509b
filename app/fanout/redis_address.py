"""Where a Redis is, from its URL, for a connection of our own: redis://, rediss:// or unix://."""

import ssl
from dataclasses import dataclass, field, replace
from typing import Any, Self

from redis.connection import SSLConnection, parse_url

__all__ = ["RedisAddress"]

DEFAULT_PORT = 6379


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """Host and port, or a path; what to authenticate with; and the terms of TLS, if any."""

    host: str
    port: int
    path: str | None
    username: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """The address that redis-py would take from that URL. Raises: ValueError for another scheme."""
        parts: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
        return cls(
            host=parts.get("host", "localhost"),
            port=parts.get("port", DEFAULT_PORT),
            path=parts.get("path"),
            username=parts.get("username"),
            password=parts.get("password"),
            tls=_tls(parts) if parts.get("connection_class") is SSLConnection else None,
        )

    def at(self, host: str, port: int) -> Self:
        """Another server of the same installation: same user, same password, same terms of TLS."""
        return replace(self, host=host, port=port, path=None)

    @property
    def authentication(self) -> tuple[str, ...] | None:
        """The AUTH command, with the user where one is named; None where there is no password."""
        if not self.password:
            return None
        return ("AUTH", self.username, self.password) if self.username else ("AUTH", self.password)


def _tls(parts: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=parts.get("ssl_ca_certs"), capath=parts.get("ssl_ca_path"))
    if str(parts.get("ssl_check_hostname", "true")).lower() in {"false", "0", "no"}:
        context.check_hostname = False
    if parts.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if parts.get("ssl_certfile"):
        context.load_cert_chain(
            parts["ssl_certfile"], parts.get("ssl_keyfile"), password=parts.get("ssl_password")
        )
    return context
