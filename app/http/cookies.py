"""The two cookies that carry a session token: one's own session, and a support session.

HttpOnly: no script reads them. SameSite=Lax rather than Strict, so that somebody who follows a link to us is still
signed in; what changes anything has its origin checked besides (`origin.py`), and Lax sends no cookie with
other sites' POSTs, frames or sockets.
"""

from datetime import datetime

from starlette.responses import Response

from app.config import Settings

__all__ = ["CREDENTIAL_COOKIES", "SESSION_COOKIE", "SUPPORT_COOKIE", "clear_cookie", "set_cookie"]

SESSION_COOKIE = "cutoff_session"
SUPPORT_COOKIE = "cutoff_support"
CREDENTIAL_COOKIES = (SUPPORT_COOKIE, SESSION_COOKIE)
"""The first that is there counts: while somebody is in a support session, they are nobody else."""


def set_cookie(
    response: Response, name: str, token: str, *, expires_at: datetime, settings: Settings
) -> None:
    """The browser keeps the token until then; whether it is valid is decided by the database all the same."""
    response.set_cookie(
        name,
        token,
        expires=expires_at,
        path="/",
        secure=settings.cookie_secure,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, name: str, *, settings: Settings) -> None:
    """The browser forgets the cookie: same name and path, and the same attributes, or some would keep it."""
    response.delete_cookie(name, path="/", secure=settings.cookie_secure, httponly=True, samesite="lax")
