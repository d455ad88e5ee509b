"""What is sent to sign in, to refresh and to change a password, and what comes back."""

from datetime import datetime
from uuid import UUID

from pydantic import StrictBool

from app.http.shapes import Body, Email, Password, Token, View

__all__ = ["LoginBody", "PasswordBody", "RefreshBody", "RefreshedView", "SignedInView"]


class LoginBody(Body):
    """`cookie`: a browser asks for the session in a cookie, and gets no tokens to keep."""

    email: Email
    password: Password
    cookie: StrictBool = False


class RefreshBody(Body):
    """The current refresh token of a session."""

    refresh_token: Token


class PasswordBody(Body):
    """The password as it is and as it shall be."""

    current_password: Password
    new_password: Password


class SignedInView(View):
    """The new session. The tokens are shown this once; null where the session is in a cookie."""

    account_id: UUID
    session_id: UUID
    session_token: str | None
    refresh_token: str | None
    expires_at: datetime
    absolute_expires_at: datetime


class RefreshedView(View):
    """The session lives on; its session token stays what it was, and this is the refresh token to use next."""

    session_id: UUID
    refresh_token: str
    expires_at: datetime
    absolute_expires_at: datetime
