"""The keys of the bus: what proves that a message was made by this installation."""

import hmac
from dataclasses import dataclass, field
from typing import Self

import blake3

from app.config import Settings

__all__ = ["KEY_CONTEXT", "BusKeys"]

KEY_CONTEXT = "cutoff 2026-11 bus message v1"


@dataclass(frozen=True, slots=True)
class BusKeys:
    """Derived keys, the one that signs first; none at all means that messages prove nothing.

    The MAC of a body is keyed blake3 over the UTF-8 of namespace, line feed and body: no canonical JSON is
    needed to make it, and a message of one namespace is worth nothing in another.
    """

    namespace: str
    keys: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The keys of `CUTOFF_BUS_KEY` and `CUTOFF_BUS_KEY_PREVIOUS`; an empty one counts as not set."""
        configured = (settings.bus_key, settings.bus_key_previous)
        secrets = (secret.get_secret_value() for secret in configured if secret is not None)
        return cls(settings.namespace, tuple(_derive(secret) for secret in secrets if secret))

    @property
    def are_set(self) -> bool:
        """Whether messages must prove themselves; without a key the most they can do is ring."""
        return bool(self.keys)

    def sign(self, body: str) -> str | None:
        """The MAC as lower-case hex, by the first key; None without a key."""
        return self._mac(body, self.keys[0]) if self.keys else None

    def accept(self, body: str, mac: str) -> bool:
        """Whether one of the keys made that MAC, compared in constant time; one in capitals is another."""
        presented = mac.encode()
        is_made_here = False
        for key in self.keys:
            is_made_here |= hmac.compare_digest(self._mac(body, key).encode(), presented)
        return is_made_here

    def _mac(self, body: str, key: bytes) -> str:
        return blake3.blake3(f"{self.namespace}\n{body}".encode(), key=key).hexdigest()


def _derive(secret: str) -> bytes:
    return blake3.blake3(secret.encode(), derive_key_context=KEY_CONTEXT).digest()
