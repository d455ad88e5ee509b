"""Webhooks in the form of Standard Webhooks (standardwebhooks.com): what is signed, where it may go, when it is tried again."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from app.domain.errors import Invalid

__all__ = [
    "FIRST_PAUSE",
    "LONGEST_PAUSE",
    "SECRET_BYTES",
    "SECRET_OVERLAP",
    "check_webhook_url",
    "is_public_address",
    "secret_from",
    "signature_of",
]

SECRET_BYTES = 32
SECRET_OVERLAP = timedelta(hours=24)
"""For so long after a rotation both secrets sign, so that a receiver can change over when it likes."""
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=6)
LONGEST_URL = 2000


def secret_from(random: bytes) -> str:
    """A signing secret as people are given it."""
    return _PREFIX + base64.b64encode(random).decode()


def signature_of(secrets: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each secret that is valid now."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)


def check_webhook_url(url: str, *, allow_plain: bool) -> None:
    """Returns for an https address without credentials; with `allow_plain`, http will do. Raises: Invalid."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise Invalid("url", "malformed") from None
    if len(url) > LONGEST_URL or not has_host or _URL.fullmatch(url) is None:
        raise Invalid("url", "malformed")
    if parts.scheme != "https" and not (allow_plain and parts.scheme == "http"):
        raise Invalid("url", "not_https")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid("url", "has_credentials_or_a_fragment")


def is_public_address(address: str) -> bool:
    """Whether that is an address of the public internet, and stays one when what it embeds is unwrapped."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public(parsed)
    return _is_public(parsed) and all(_is_public(each) for each in _embedded(parsed))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    """IPv4 addresses that are mapped or reached through NAT64 are in a reserved network."""
    is_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or is_local)


def _embedded(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that a tunnel would send it on to: 6to4, Teredo."""
    return [each for each in (address.sixtofour, *(address.teredo or ())) if each is not None]


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


_PREFIX = "whsec_"
_URL = re.compile(r"[!-~]+")
