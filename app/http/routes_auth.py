"""Signing in, staying signed in, signing out, and changing the password."""

from fastapi import APIRouter, Request, Response

from app.domain.errors import Forbidden, Unauthenticated
from app.domain.origins import names_a_stranger
from app.domain.revocation_request import RevocationKind
from app.http.cookies import SESSION_COOKIE, set_cookie
from app.http.deps import background_of, deps_of
from app.http.identity import AnySession, GuardedRoute, OwnSession, address_of, presented_by
from app.http.revoking import REVOKES, asking_at_once, carry_out, revoke
from app.http.schemas_auth import LoginBody, PasswordBody, RefreshBody, RefreshedView, SignedInView
from app.http.signing_in import ask_for_new_password, sign_in
from app.operations.request_logout import request_logout_at_once
from app.operations.rotate_refresh_token import ReuseFound, rotate_refresh_token

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/auth", tags=["auth"], route_class=GuardedRoute)


@routes.post("/login")
async def login(request: Request, response: Response, body: LoginBody) -> SignedInView:
    """A new session; it ends no other. An address or account with too many failures has to wait (429)."""
    settings = deps_of(request).settings
    if names_a_stranger(request.headers, scheme=request.url.scheme, allowed=settings.allowed_origins):
        raise Forbidden("same_origin")
    lifetime = settings.cookie_lifetime if body.cookie else settings.session_lifetime
    started = await sign_in(request, email=body.email, password=body.password, lifetime=lifetime)
    view = SignedInView.model_validate(started)
    if not body.cookie:
        return view
    set_cookie(
        response, SESSION_COOKIE, started.session_token, expires_at=started.expires_at, settings=settings
    )
    return view.model_copy(update={"session_token": None, "refresh_token": None})


@routes.post("/refresh")
async def refresh(request: Request, body: RefreshBody) -> RefreshedView:
    """The next refresh token, and a later end of the session. No socket closes.

    A token that was used before ends the session (401 `refresh_token_reuse`), unless it is the last one and its
    answer may just have been lost.
    """
    deps = deps_of(request)
    settings = deps.settings

    async def rotate() -> RefreshedView:
        rotated = await deps.bridge.run(
            rotate_refresh_token,
            refresh_token=body.refresh_token,
            lifetime=settings.session_lifetime,
            leeway=settings.refresh_leeway,
            address=address_of(request),
        )
        if isinstance(rotated, ReuseFound):
            request.state.revocation_id = str(rotated.revocation_id)
            await carry_out(deps, rotated.revocation_id)
            raise Unauthenticated("refresh_token_reuse")
        return RefreshedView.model_validate(rotated)

    return await background_of(request).run(rotate())


@routes.post("/logout", **REVOKES)
async def logout(request: Request, caller: AnySession) -> Response:
    """This session ends. The account's other sockets are asked to reconnect; its other sessions stay."""
    return await revoke(
        request,
        caller,
        asking_at_once(request, caller, request_logout_at_once),
        kind=RevocationKind.LOGOUT,
        ends_own_session=True,
    )


@routes.post("/password", **REVOKES)
async def password(request: Request, caller: OwnSession, body: PasswordBody) -> Response:
    """The new password counts, and every session and API token of the account ends, this session too."""
    ask = await ask_for_new_password(request, caller, current=body.current_password, new=body.new_password)
    return await revoke(
        request,
        caller,
        ask,
        kind=RevocationKind.PASSWORD_CHANGE,
        body=body.model_dump(),
        digest_secret=presented_by(request).token,
        ends_own_session=True,
    )
