"""What proves an account: session tokens, API tokens, the daemon token; and refresh tokens, which prove a session."""

import base64
import re
from enum import StrEnum

import blake3

from app.domain.ids import TokenHash

__all__ = [
    "ALL_CREDENTIAL_TYPES",
    "SECRET_BYTES",
    "CredentialType",
    "TokenKind",
    "hash_token",
    "kind_of_token",
    "successor_token",
    "token_from",
]

SECRET_BYTES = 32


class CredentialType(StrEnum):
    """What a socket was authenticated with."""

    SESSION = "session"
    API_TOKEN = "api_token"
    DAEMON_TOKEN = "daemon_token"


ALL_CREDENTIAL_TYPES = frozenset(CredentialType)


class TokenKind(StrEnum):
    """A token's prefix: it tells a person and a secret scanner what leaked."""

    SESSION = "cutoff_session_"
    REFRESH = "cutoff_refresh_"
    API = "cutoff_api_"
    DAEMON = "cutoff_daemon_"


def token_from(kind: TokenKind, secret: bytes) -> str:
    """The token that carries `secret` (32 random bytes): prefix and unpadded base64url (RFC 4648, section 5)."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("a token carries exactly 32 bytes")
    return kind + base64.urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")


def successor_token(refresh_token: str, nonce: bytes) -> str:
    """The refresh token that follows `refresh_token`, the same each time for the same stored `nonce` (32 random bytes).

    So a client whose response was lost gets the very successor again, and the family cannot fork. Neither
    the token that was presented nor the stored nonce gives the successor away without the other.
    """
    key = blake3.blake3(refresh_token.encode(), derive_key_context=_SUCCESSOR_CONTEXT).digest()
    return token_from(TokenKind.REFRESH, blake3.blake3(nonce, key=key).digest())


def hash_token(token: str) -> TokenHash:
    """The blake3 hash, as hex, of the UTF-8 of the whole token, prefix included."""
    return TokenHash(blake3.blake3(token.encode("utf-8", "surrogatepass")).hexdigest())


def kind_of_token(token: str) -> TokenKind | None:
    """Which kind a well-formed token is; None for anything that no issuer of ours could have made."""
    if _TOKEN.fullmatch(token) is None:
        return None
    return next(kind for kind in TokenKind if token.startswith(kind))


_SUCCESSOR_CONTEXT = "cutoff 2026-11 refresh token successor"
_TOKEN = re.compile(rf"(?:{'|'.join(TokenKind)})[A-Za-z0-9_-]{{43}}")
