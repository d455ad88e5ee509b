"""The secrets of one run, and whether something that was written holds any of them, in any usual spelling."""

import base64
import secrets

from app.domain.credentials import SECRET_BYTES, TokenKind, token_from


class SecretsUsed:
    def __init__(self) -> None:
        self._named: dict[bytes, str] = {}

    def token(self, kind: TokenKind) -> str:
        """One that nobody issued; it is a secret like any other, since it may be somebody's in another installation."""
        return self.note(f"an unknown {kind}", token_from(kind, secrets.token_bytes(SECRET_BYTES)))

    def password(self, name: str) -> str:
        return self.note(name, f"Pass{secrets.token_hex(12)}")

    def note(self, name: str, secret: str) -> str:
        """From now on it is looked for; returns it."""
        for spelling in _spellings(secret):
            self._named[spelling] = name
        return secret

    def found_in(self, written: bytes) -> set[str]:
        """The names of the secrets that it holds."""
        return {name for spelling, name in self._named.items() if spelling in written}

    @property
    def count(self) -> int:
        return len(set(self._named.values()))


def _spellings(secret: str) -> set[bytes]:
    kind = next((kind for kind in TokenKind if secret.startswith(kind)), None)
    bare = secret.removeprefix(kind or "")
    spellings = {bare.encode(), secret.encode().hex().encode(), bare.encode().hex().encode()}
    spellings |= {base64.b64encode(secret.encode()).rstrip(b"="), repr(bare)[1:-1].encode()}
    if kind is not None:
        raw = base64.urlsafe_b64decode(bare + "=")
        spellings |= {raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")}
    return spellings
