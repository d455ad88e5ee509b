"""Whether a browser sends a request on behalf of our own page, or of somebody else's (CSRF).

A browser tells where a request that changes something comes from, in `Sec-Fetch-Site` or `Origin`; a page cannot
forge either. A cookie counts only with that proof.
"""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

__all__ = ["SAFE_METHODS", "comes_from_us", "is_our_origin", "names_a_stranger"]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def comes_from_us(headers: Mapping[str, str], *, scheme: str, allowed: Collection[str]) -> bool:
    """Whether the request shows that our own page, or one of the `allowed` origins, sent it."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin"
    return is_our_origin(origin, host=headers.get("host", ""), scheme=scheme, allowed=allowed)


def names_a_stranger(headers: Mapping[str, str], *, scheme: str, allowed: Collection[str]) -> bool:
    """Whether the request says that another site sent it; one that says nothing is not from a browser's page."""
    is_told = "origin" in headers or "sec-fetch-site" in headers
    return is_told and not comes_from_us(headers, scheme=scheme, allowed=allowed)


def is_our_origin(origin: str, *, host: str, scheme: str, allowed: Collection[str]) -> bool:
    """Whether it is allowed, or has the host and port that the request went to.

    The scheme may be better than the one we see: TLS often ends before us.
    """
    if origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
        theirs = (parts.hostname, parts.port or _PORTS.get(parts.scheme))
        here = urlsplit(f"{parts.scheme}://{host}")
        ours = (here.hostname, here.port or _PORTS.get(parts.scheme))
    except ValueError:
        return False
    return parts.scheme in {"https", scheme} and parts.hostname is not None and theirs == ours


_PORTS = {"http": 80, "https": 443}
