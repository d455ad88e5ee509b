"""The way of everything that revokes: a durable row, a task, a receipt.

Once the row is committed the revocation is performed: by the worker that the queue gives it to, by this process
where the queue does not take it, and by a node or a sweep where this process dies. A client that goes away
changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import structlog
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from app.clock import boot_seconds
from app.domain.caller import Caller
from app.domain.errors import CutoffError, Refused, Unavailable
from app.domain.ids import RevocationId
from app.domain.receipts import Receipt, ReceiptState
from app.domain.revocation_request import Idempotency, Requested, RevocationKind
from app.http.cookies import clear_cookie
from app.http.deps import HttpDeps, background_of, deps_of
from app.http.idempotency import idempotency_of
from app.http.identity import presented_by
from app.http.preferences import preferred_wait
from app.http.refusals import record_refusal_of
from app.http.schemas_revocations import ReceiptView
from app.operations.perform import perform
from app.operations.read_receipt import read_receipt

__all__ = [
    "REVOKES",
    "Ask",
    "asking",
    "asking_at_once",
    "carry_out",
    "make_durable",
    "revoke",
    "settled_receipt",
]

FIRST_LOOK_AFTER = timedelta(milliseconds=20)
LOOK_AT_LEAST_EVERY = timedelta(milliseconds=250)
LOOK_LESS_OFTEN = 1.3

Ask: TypeAlias = Callable[[Idempotency | None], Awaitable[Requested]]

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": ReceiptView, "description": "The settled receipt: it was waited for."},
    202: {
        "model": ReceiptView,
        "description": "Durable; the receipt as it stands, and its address in `Location`.",
    },
}
REVOKES: dict[str, Any] = {"status_code": 202, "response_model": ReceiptView, "responses": _RESPONSES}
"""What the description of a route says that answers with `revoke`."""

_log = structlog.get_logger(__name__)


def asking(request: Request, caller: Caller, operation: Callable[..., Requested], **what: object) -> Ask:
    """How that caller asks for what the operation makes durable in one transaction."""
    return _ask(deps_of(request).bridge.run, operation, caller=caller, **what)


def asking_at_once(
    request: Request, caller: Caller, operation: Callable[..., Requested], **what: object
) -> Ask:
    """The same for an operation that sees to its transaction itself."""
    return _ask(deps_of(request).bridge.call, operation, caller=caller, **what)


async def revoke(
    request: Request,
    caller: Caller,
    ask: Ask,
    *,
    kind: RevocationKind,
    attempted_id: UUID | None = None,
    body: Any = None,
    digest_secret: str | None = None,
    ends_own_session: bool = False,
) -> Response:
    """The answer to a request that `ask` makes durable: 202, or 200 if it prefers to wait and the receipt settles.

    Who does not wait gets the receipt as the request's commit left it: what a worker has taken just now is hardly further.
    `body` is what the request's digest is taken over, besides method, path and account. `ends_own_session`: the
    cookie that the request came with is good for nothing afterwards, and is cleared. An attempt that is refused
    is on record as `kind` with the `attempted_id`.
    """
    idempotency = idempotency_of(
        request.headers.get("idempotency-key"),
        method=request.method,
        path=request.url.path,
        body=body,
        account_id=caller.account_id,
        secret=digest_secret,
    )
    requested = await make_durable(
        request, caller, ask, kind=kind, idempotency=idempotency, attempted_id=attempted_id
    )
    wait, receipt = _wait_of(request), requested.receipt
    try:
        if wait is not None or receipt is None:
            receipt = await settled_receipt(request, caller, requested.revocation_id)
        response = _answer(receipt, wait=wait)
    except Unavailable:
        response = _unread(requested.revocation_id)
    cookie = presented_by(request).cookie
    if ends_own_session and cookie is not None:
        clear_cookie(response, cookie, settings=deps_of(request).settings)
    return response


async def make_durable(
    request: Request,
    caller: Caller,
    ask: Ask,
    *,
    kind: RevocationKind,
    idempotency: Idempotency | None,
    attempted_id: UUID | None = None,
) -> Requested:
    """What `ask` asks for is committed and on its way, whoever goes away meanwhile; an attempt that is refused is on record.

    The answer has a receipt where a worker has been given something new.
    """
    try:
        requested = await background_of(request).run(_ask_and_carry_out(deps_of(request), ask, idempotency))
    except Refused as refused:
        await record_refusal_of(request, caller, refused, kind=kind, attempted_id=attempted_id)
        raise
    request.state.revocation_id = str(requested.revocation_id)
    return requested


async def carry_out(deps: HttpDeps, revocation_id: RevocationId) -> bool:
    """Whether a worker has the task; where the broker does not take it in time, it is done. Never raises what is ours."""
    if await deps.enqueue(revocation_id):
        return True
    try:
        await deps.bridge.call(perform, deps.publisher, revocation_id)
    except CutoffError as error:
        # The row is durable: a node performs what is overdue, or a sweep.
        _log.warning("not_performed_yet", revocation_id=str(revocation_id), error=type(error).__name__)
    return False


def _ask(
    run: Callable[..., Awaitable[Requested]], operation: Callable[..., Requested], **what: object
) -> Ask:
    async def ask(idempotency: Idempotency | None) -> Requested:
        return await run(operation, idempotency=idempotency, **what)

    return ask


def _wait_of(request: Request) -> timedelta | None:
    return preferred_wait(request.headers.getlist("prefer"), limit=deps_of(request).settings.wait_limit)


async def _ask_and_carry_out(deps: HttpDeps, ask: Ask, idempotency: Idempotency | None) -> Requested:
    requested = await ask(idempotency)
    if requested.stamped is not None:
        deps.announce(requested.stamped)
    if requested.is_new and not await carry_out(deps, requested.revocation_id):
        return replace(requested, receipt=None)
    return requested


async def settled_receipt(request: Request, caller: Caller, revocation_id: RevocationId) -> Receipt:
    """The receipt, read until it is complete, the preferred wait is over or nobody listens.

    A connection is held for each look only. Without a preference, the receipt as it stands. Raises: Unavailable if
    it could not be read even once.
    """
    receipt: Receipt | None = None
    bridge, wait = deps_of(request).bridge, _wait_of(request)
    gives_up_at = boot_seconds() + (wait.total_seconds() if wait is not None else 0)
    pause_s = FIRST_LOOK_AFTER.total_seconds()
    while True:
        try:
            receipt = await bridge.run(read_receipt, caller, revocation_id=revocation_id)
        except Unavailable:
            if receipt is None:
                raise
            return receipt
        left_s = gives_up_at - boot_seconds()
        if receipt.is_complete or left_s <= 0 or await request.is_disconnected():
            return receipt
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * LOOK_LESS_OFTEN, LOOK_AT_LEAST_EVERY.total_seconds())


def _unread(revocation_id: RevocationId) -> Response:
    """It is durable, and the database went away behind it: that is no error, and the receipt can be read later."""
    body = {"id": str(revocation_id), "state": ReceiptState.REQUESTED, "is_complete": False}
    return JSONResponse(body, status_code=202, headers={"Location": f"/v1/revocations/{revocation_id}"})


def _answer(receipt: Receipt, *, wait: timedelta | None) -> Response:
    status = 200 if wait is not None and receipt.is_complete else 202
    headers = {"Location": f"/v1/revocations/{receipt.revocation_id}"}
    if wait is not None:
        headers["Preference-Applied"] = f"wait={int(wait.total_seconds())}"
    return JSONResponse(
        ReceiptView.model_validate(receipt).model_dump(mode="json"), status_code=status, headers=headers
    )
