"""Who asks, and whether their credential may be used for that: decided before a body is looked at.

The credential is read for every request (nothing about validity is kept in memory). `GuardedRoute` sees to the
order: a credential is there, ids are well-formed, the credential is valid, it may do this; then the body.
"""

from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.domain.caller import Caller
from app.domain.client_address import nearest_stranger
from app.domain.credentials import hash_token
from app.domain.ids import AccountId
from app.domain.permissions import (
    require_any_session,
    require_global_admin,
    require_no_support_session,
    require_own_session,
)
from app.http.deps import activity_of, deps_of
from app.http.path_ids import check_path_ids
from app.http.presented import Presented, presented_credential
from app.operations.identify import identify

__all__ = [
    "AnySession",
    "Anybody",
    "GlobalAdmin",
    "GuardedRoute",
    "NoSupportSession",
    "OwnSession",
    "address_of",
    "caller_of",
    "presented_by",
    "user_agent_of",
]

USER_AGENT_LENGTH = 512


class Guard:
    """Finds the caller of a request, and raises Forbidden if `require` does."""

    def __init__(self, require: Callable[[Caller], None]) -> None:
        self._require = require

    async def __call__(self, request: Request) -> Caller:
        """The caller; read once a request. Raises: Unauthenticated, Forbidden."""
        caller = await caller_of(request)
        self._require(caller)
        return caller


class GuardedRoute(APIRoute):
    """Asks its endpoint's guard first, then whether the body is JSON; only then FastAPI parses the request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, behind the checks that come before it."""
        handle = super().get_route_handler()
        guards = [each.call for each in self.dependant.dependencies if isinstance(each.call, Guard)]
        has_body = self.body_field is not None

        async def guarded(request: Request) -> Response:
            if guards:
                presented_by(request)
            check_path_ids(request)
            for guard in guards:
                await guard(request)
            if has_body:
                _check_media_type(request)
            return await handle(request)

        return guarded


async def caller_of(request: Request) -> Caller:
    """Whoever's credential it is; read once a request. Raises: Unauthenticated, Forbidden."""
    if not hasattr(request.state, "caller"):
        request.state.caller = await _read_caller(request)
    caller: Caller = request.state.caller
    return caller


def presented_by(request: Request) -> Presented:
    """The credential that came with the request. Raises: Unauthenticated, Forbidden."""
    if not hasattr(request.state, "presented"):
        request.state.presented = presented_credential(request, deps_of(request).settings)
    presented: Presented = request.state.presented
    return presented


def address_of(request: Request) -> str:
    """The client's address, as far as trusted proxies tell it."""
    if not hasattr(request.state, "address"):
        peer = request.client.host if request.client else ""
        forwarded = request.headers.getlist("x-forwarded-for")
        trusted = deps_of(request).settings.trusted_proxies
        request.state.address = nearest_stranger(peer, forwarded, trusted=trusted)
    return str(request.state.address)


def user_agent_of(request: Request) -> str:
    """What the client calls itself, shortened to what is worth keeping."""
    return request.headers.get("user-agent", "")[:USER_AGENT_LENGTH]


async def _read_caller(request: Request) -> Caller:
    deps = deps_of(request)
    daemon, daemon_account = deps.settings.daemon_token, deps.settings.daemon_account
    caller = await deps.bridge.read(
        identify,
        token=presented_by(request).token,
        address=address_of(request),
        daemon_token_hash=None if daemon is None else hash_token(daemon.get_secret_value()),
        daemon_account=None if daemon_account is None else AccountId(daemon_account),
    )
    request.state.account_id = str(caller.account_id)
    activity_of(request).note(caller)
    return caller


def _check_media_type(request: Request) -> None:
    """Returns for JSON, and for no body at all, which is a matter of validation. Raises: HTTPException 415."""
    has_content = "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    subtype = message.get_content_subtype()
    is_json = message.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )
    if has_content and not is_json:
        raise HTTPException(415, headers={"Accept": "application/json"})


def _anybody(_caller: Caller) -> None:
    """Any valid credential will do; the operation decides the rest."""


Anybody = Annotated[Caller, Depends(Guard(_anybody))]
AnySession = Annotated[Caller, Depends(Guard(require_any_session))]
OwnSession = Annotated[Caller, Depends(Guard(require_own_session))]
NoSupportSession = Annotated[Caller, Depends(Guard(require_no_support_session))]
GlobalAdmin = Annotated[Caller, Depends(Guard(require_global_admin))]
