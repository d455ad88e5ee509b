"""The credential that a request carries, taken from its headers; nothing is read from the database here."""

from dataclasses import dataclass

from starlette.requests import Request

from app.config import Settings
from app.domain.credentials import TokenKind, kind_of_token
from app.domain.errors import Forbidden, Unauthenticated
from app.domain.origins import SAFE_METHODS, comes_from_us
from app.http.cookies import CREDENTIAL_COOKIES

__all__ = ["Presented", "presented_credential"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A token, and the cookie that it came in; None for a bearer token."""

    token: str
    cookie: str | None


def presented_credential(request: Request, settings: Settings) -> Presented:
    """The bearer token, else the token of the support session's cookie, else that of one's own session.

    Raises: Unauthenticated for none or a malformed one; and for a bearer token together with an `Origin`, since
    a browser's page has a cookie and does not carry tokens. Forbidden for a cookie that changes something
    without proof that our own page sent it.
    """
    if "authorization" in request.headers:
        return Presented(token=_bearer_token(request), cookie=None)
    cookie = next((name for name in CREDENTIAL_COOKIES if request.cookies.get(name)), None)
    if cookie is None:
        raise Unauthenticated
    if kind_of_token(request.cookies[cookie]) is not TokenKind.SESSION:
        raise Unauthenticated
    _check_origin(request, settings)
    return Presented(token=request.cookies[cookie], cookie=cookie)


def _bearer_token(request: Request) -> str:
    values = request.headers.getlist("authorization")
    scheme, _, token = values[0].partition(" ")
    is_ours = kind_of_token(token) in {TokenKind.SESSION, TokenKind.API, TokenKind.DAEMON}
    if len(values) > 1 or scheme.lower() != "bearer" or not is_ours or "origin" in request.headers:
        raise Unauthenticated
    return token


def _check_origin(request: Request, settings: Settings) -> None:
    if request.method in SAFE_METHODS:
        return
    if not comes_from_us(request.headers, scheme=request.url.scheme, allowed=settings.allowed_origins):
        raise Forbidden("same_origin")
