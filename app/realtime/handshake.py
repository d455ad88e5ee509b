"""What an upgrade request brings: an origin, a credential, an address. Nothing is read from the database here."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

from app.config import Settings
from app.domain.client_address import nearest_stranger
from app.domain.credentials import CredentialType, TokenKind, hash_token, kind_of_token
from app.domain.errors import Forbidden, Unauthenticated
from app.domain.ids import AccountId, TokenHash
from app.domain.origins import is_our_origin

__all__ = ["Presented", "presented_by", "presented_token"]

COOKIES = ("cutoff_support", "cutoff_session")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A credential that is well-formed, hashed; whether it is valid is another question.

    A daemon token has no row, hence no hash here: its account is known from the settings.
    """

    credential_type: CredentialType
    token_hash: TokenHash | None
    account_id: AccountId | None
    address: str


def presented_by(scope: Mapping[str, Any], settings: Settings) -> Presented:
    """The credential of an upgrade request.

    A cookie comes with our own or an allowed Origin, a bearer token with none: a browser always sends one, and does
    not carry API tokens.

    Raises: Forbidden for a foreign, empty or missing Origin beside a cookie; Unauthenticated for no credential, a
    malformed one, or a bearer token together with an Origin.
    """
    headers = _headers(scope)
    address = nearest_stranger(
        (scope.get("client") or ("", 0))[0],
        headers.get("x-forwarded-for", []),
        trusted=settings.trusted_proxies,
    )
    if "authorization" in headers:
        if "origin" in headers:
            raise Unauthenticated
        return presented_token(_bearer(headers["authorization"]), address, settings)
    token = _cookie(headers.get("cookie", []))
    _check_origin(headers, scheme=str(scope.get("scheme", "ws")), settings=settings)
    return presented_token(token, address, settings, kinds={TokenKind.SESSION})


def _headers(scope: Mapping[str, Any]) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return headers


def _check_origin(headers: Mapping[str, list[str]], *, scheme: str, settings: Settings) -> None:
    origins, hosts = headers.get("origin", []), headers.get("host", [])
    is_ours = len(origins) == 1 and is_our_origin(
        origins[0],
        host=hosts[0] if hosts else "",
        scheme="https" if scheme == "wss" else "http",
        allowed=settings.allowed_origins,
    )
    if not is_ours:
        raise Forbidden("same_origin")


def _bearer(values: list[str]) -> str:
    scheme, _, token = values[0].partition(" ")
    if len(values) != 1 or scheme.lower() != "bearer":
        raise Unauthenticated
    return token


def _cookie(values: list[str]) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        for value in values:
            jar.load(value)
    except CookieError:
        raise Unauthenticated from None
    token = next((jar[name].value for name in COOKIES if name in jar and jar[name].value), None)
    if token is None:
        raise Unauthenticated
    return token


def presented_token(
    token: str,
    address: str,
    settings: Settings,
    *,
    kinds: frozenset[TokenKind] | set[TokenKind] = frozenset(
        {TokenKind.SESSION, TokenKind.API, TokenKind.DAEMON}
    ),
) -> Presented:
    """The credential that a token is. Raises: Unauthenticated for a malformed one, or none of those kinds."""
    kind = kind_of_token(token)
    if kind is None or kind not in kinds:
        raise Unauthenticated
    if kind is TokenKind.DAEMON:
        return _daemon(hash_token(token), address, settings)
    credential_type = CredentialType.SESSION if kind is TokenKind.SESSION else CredentialType.API_TOKEN
    return Presented(
        credential_type=credential_type, token_hash=hash_token(token), account_id=None, address=address
    )


def _daemon(token_hash: TokenHash, address: str, settings: Settings) -> Presented:
    """Compared by hash: how far two hashes agree tells nothing about the token."""
    known = settings.daemon_token
    if known is None or settings.daemon_account is None or hash_token(known.get_secret_value()) != token_hash:
        raise Unauthenticated
    return Presented(
        credential_type=CredentialType.DAEMON_TOKEN,
        token_hash=None,
        account_id=AccountId(settings.daemon_account),
        address=address,
    )
