"""Where a request comes from, when it may have come through proxies."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["nearest_stranger"]


def nearest_stranger(peer: str, forwarded_for: Sequence[str], *, trusted: tuple[str, ...]) -> str:
    """The nearest address that is not a trusted proxy's; empty where the transport has none.

    `forwarded_for` are the values of `X-Forwarded-For`, read from their end, since everything before the first
    stranger is what the stranger wrote. `trusted` are addresses or networks.
    """
    address = _parse(peer)
    if address is None:
        return ""
    networks = _networks(trusted)
    for hop in reversed(",".join(forwarded_for).split(",")):
        if not _is_within(address, networks):
            break
        forwarded = _parse(hop)
        if forwarded is None:
            break
        address = forwarded
    return str(address)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # Without its zone, which may be any text.
    return address.ipv4_mapped or IPv6Address(int(address))


def _is_within(address: IPv4Address | IPv6Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(each, strict=False) for each in trusted)
