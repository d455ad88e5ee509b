"""Signing in, staying signed in, signing out, and changing the password."""

from fastapi import APIRouter, Request, Response

from app.config import Settings
from app.domain.errors import Forbidden, Unauthenticated
from app.domain.origins import names_a_stranger
from app.domain.revocation_request import Idempotency, Requested, RevocationKind
from app.http.cookies import SESSION_COOKIE, set_cookie
from app.http.deps import background_of, deps_of, passwords_of
from app.http.identity import AnySession, GuardedRoute, OwnSession, address_of, presented_by, user_agent_of
from app.http.refusals import record_refusal_of
from app.http.revoking import RECEIPT_RESPONSES, carry_out, revoke
from app.http.schemas_auth import LoginBody, PasswordBody, RefreshBody, RefreshedView, SignedInView
from app.http.schemas_revocations import ReceiptView
from app.operations.change_password import change_password
from app.operations.find_own_password import find_own_password
from app.operations.find_sign_in import find_sign_in
from app.operations.passwords import check_new_password, hash_password, verify_password
from app.operations.record_sign_in_failure import record_sign_in_failure
from app.operations.request_logout import request_logout
from app.operations.rotate_refresh_token import ReuseFound, rotate_refresh_token
from app.operations.start_session import StartedSession, start_session

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/auth", tags=["auth"], route_class=GuardedRoute)


@routes.post("/login")
async def login(request: Request, response: Response, body: LoginBody) -> SignedInView:
    """A new session; it ends no other. An address or account with too many failures has to wait (429)."""
    settings = deps_of(request).settings
    if names_a_stranger(request.headers, scheme=request.url.scheme, allowed=settings.allowed_origins):
        raise Forbidden("same_origin")
    started = await _sign_in(request, body, settings)
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


@routes.post("/logout", status_code=202, response_model=ReceiptView, responses=RECEIPT_RESPONSES)
async def logout(request: Request, caller: AnySession) -> Response:
    """This session ends. The account's other sockets are asked to reconnect; its other sessions stay."""
    bridge = deps_of(request).bridge

    async def ask(idempotency: Idempotency | None) -> Requested:
        return await bridge.run(request_logout, caller=caller, idempotency=idempotency)

    return await revoke(request, caller, ask, kind=RevocationKind.LOGOUT, ends_own_session=True)


@routes.post("/password", status_code=202, response_model=ReceiptView, responses=RECEIPT_RESPONSES)
async def password(request: Request, caller: OwnSession, body: PasswordBody) -> Response:
    """The new password counts, and every session and API token of the account ends, this session too."""
    deps, threads = deps_of(request), passwords_of(request)
    check_new_password(body.new_password)
    attempts = deps.settings.sign_in_attempts
    current_hash = await deps.bridge.run(find_own_password, caller=caller, attempts=attempts)
    if not await threads.run(verify_password, current_hash, body.current_password):
        refused = Unauthenticated("wrong_password")
        await record_refusal_of(request, caller, refused, kind=RevocationKind.PASSWORD_CHANGE)
        raise refused
    new_hash = await threads.run(hash_password, body.new_password)

    async def ask(idempotency: Idempotency | None) -> Requested:
        return await deps.bridge.run(
            change_password,
            caller=caller,
            verified_hash=current_hash,
            new_hash=new_hash,
            idempotency=idempotency,
        )

    return await revoke(
        request,
        caller,
        ask,
        kind=RevocationKind.PASSWORD_CHANGE,
        body=body.model_dump(),
        digest_secret=presented_by(request).token,
        ends_own_session=True,
    )


async def _sign_in(request: Request, body: LoginBody, settings: Settings) -> StartedSession:
    bridge, address = deps_of(request).bridge, address_of(request)
    found = await bridge.run(
        find_sign_in, email=body.email, address=address, attempts=settings.sign_in_attempts
    )
    # Outside any transaction; an unknown account costs the same as a wrong password.
    if not await passwords_of(request).run(verify_password, found.password_hash, body.password):
        await bridge.run(record_sign_in_failure, found=found, address=address)
        raise Unauthenticated
    return await bridge.run(
        start_session,
        found=found,
        address=address,
        user_agent=user_agent_of(request),
        lifetime=settings.cookie_lifetime if body.cookie else settings.session_lifetime,
        absolute_lifetime=settings.session_absolute_lifetime,
    )
