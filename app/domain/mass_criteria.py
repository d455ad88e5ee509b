"""Whom a mass revocation aims at. Every criterion narrows, and none of them, left out, ever means "all"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv6Network, ip_network
from typing import Any, Self
from uuid import UUID

from app.domain.errors import Invalid
from app.domain.ids import OrgId

__all__ = ["MassCriteria", "MassRole", "MassWhat", "check_what"]

SHORTEST_DEVICE = 2
LONGEST_DEVICE = 100


class MassWhat(StrEnum):
    """Which credentials end."""

    SESSIONS = "sessions"
    TOKENS = "tokens"
    BOTH = "both"


class MassRole(StrEnum):
    """The role of an account: in the organization that is named, or else in any; or over all of them."""

    MEMBER = "member"
    ADMIN = "admin"
    GLOBAL_ADMIN = "global_admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class MassCriteria:
    """All of them have to hold. `everyone` stands alone, and has to be said.

    `network` is an address or a range (`10.0.0.0/8`); `device` a part of the device's name in words or of the user
    agent, in either case. A support session belongs to its grant's organization too, if no role is asked for.

    Raises: Invalid for nothing at all, for `everyone` and something, and for a value that can match nothing.
    """

    everyone: bool = False
    org_id: OrgId | None = None
    role: MassRole | None = None
    issued_before: datetime | None = None
    network: str | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        if not self.everyone and not self._narrowing():
            raise Invalid("criteria", "empty")
        if self.everyone and self._narrowing():
            raise Invalid("criteria", "everyone_stands_alone")
        if self.issued_before is not None and self.issued_before.tzinfo is None:
            raise Invalid("issued_before", "without_a_zone")
        if self.network is not None:
            object.__setattr__(self, "network", _network(self.network))
        if self.device is not None:
            object.__setattr__(self, "device", _device(self.device))

    @property
    def is_about_sessions_only(self) -> bool:
        """Whether it asks for what an API token does not have: an address, a device."""
        return self.network is not None or self.device is not None

    def as_json(self) -> dict[str, Any]:
        """What was said, and nothing else."""
        said = {"everyone": True} if self.everyone else {}
        return {**said, **{name: str(value) for name, value in self._narrowing().items()}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The criteria that `as_json` wrote. A word of a newer version is an error: it was meant to narrow."""
        values = dict(stored)
        for name, parse in _PARSERS.items():
            if name in values:
                values[name] = parse(values[name])
        return cls(**values)

    def _narrowing(self) -> dict[str, object]:
        values = {
            "org_id": self.org_id,
            "role": self.role,
            "issued_before": None if self.issued_before is None else self.issued_before.isoformat(),
            "network": self.network,
            "device": self.device,
        }
        return {name: value for name, value in values.items() if value is not None}


def check_what(what: MassWhat, criteria: MassCriteria) -> None:
    """Returns if those criteria can be asked of those credentials.

    Raises: Invalid for API tokens by address or device: they have neither, and would silently stay.
    """
    if what is not MassWhat.SESSIONS and criteria.is_about_sessions_only:
        raise Invalid("what", "api_tokens_have_no_address_and_no_device")


def _network(written: str) -> str:
    """In its usual form; an IPv4 range in IPv6's clothes is one of IPv4, as addresses are stored."""
    try:
        network = ip_network(written.strip())
    except ValueError:
        raise Invalid("network", "not_an_address_or_range") from None
    if isinstance(network, IPv6Network):
        mapped, length = network.network_address.ipv4_mapped, network.prefixlen - _MAPPED_BITS
        if mapped is not None and length >= 0:
            return str(ip_network(f"{mapped}/{length}"))
    return str(network)


def _device(written: str) -> str:
    device = written.strip()
    if not SHORTEST_DEVICE <= len(device) <= LONGEST_DEVICE:
        raise Invalid("device", f"not_between_{SHORTEST_DEVICE}_and_{LONGEST_DEVICE}_characters")
    return device


_MAPPED_BITS = 96
_PARSERS: Mapping[str, Any] = {
    "org_id": lambda text: OrgId(UUID(text)),
    "role": MassRole,
    "issued_before": datetime.fromisoformat,
}
