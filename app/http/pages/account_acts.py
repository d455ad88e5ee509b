"""What an admin does to an account: first the page that says exactly what will end, then the act, then its receipt."""

from fastapi import APIRouter, Request, Response

from app.domain.ids import AccountId, SessionId
from app.domain.previews import AccountAct, Preview
from app.http.deps import deps_of
from app.http.pages.account_wishes import Wish, signs_out, wish_from
from app.http.pages.acting import act, see_other
from app.http.pages.forms import fields_of
from app.http.pages.queries import asked_of
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.path_ids import AccountPath
from app.http.revoking import asking
from app.operations.preview_revocation import preview_account_act, preview_account_session
from app.operations.read_account import read_account
from app.operations.read_visitor import Visitor
from app.operations.unsuspend_account import unsuspend_account

__all__ = ["routes"]

routes: APIRouter = page_router()


@routes.get("/accounts/{account_id}/preview")
async def preview(request: Request, visitor: PageVisitor, account_id: AccountPath) -> Response:
    """What would end now, and the button that ends it."""
    wish = wish_from(asked_of(request))
    details = await deps_of(request).bridge.run(read_account, caller=visitor.caller, account_id=account_id)
    return render(
        request,
        "preview.html",
        account=details.summary,
        wish=wish,
        preview=await _counted(request, visitor, account_id, wish),
        is_own=signs_out(wish, visitor, account_id) is not None,
    )


@routes.post("/accounts/{account_id}/end")
async def end(request: Request, visitor: PageVisitor, account_id: AccountPath) -> Response:
    """It ends, and the browser goes on to the receipt."""
    fields = await fields_of(request)
    wish = wish_from(fields)
    target = {"account_id": account_id} if wish.session is None else {"session_id": wish.session}
    return await act(
        request,
        visitor,
        asking(request, visitor.caller, wish.act.operation, **target),
        kind=wish.act.kind,
        fields=fields,
        attempted_id=wish.session or account_id,
        signs_out=signs_out(wish, visitor, account_id),
    )


@routes.post("/accounts/{account_id}/unsuspend")
async def unsuspend(request: Request, visitor: PageVisitor, account_id: AccountPath) -> Response:
    """The account may sign in again."""
    await deps_of(request).bridge.run(unsuspend_account, caller=visitor.caller, account_id=account_id)
    return see_other(f"/accounts/{account_id}")


async def _counted(request: Request, visitor: Visitor, account_id: AccountId, wish: Wish) -> Preview:
    bridge, caller = deps_of(request).bridge, visitor.caller
    if wish.session is not None:
        return await bridge.run(preview_account_session, caller=caller, session_id=SessionId(wish.session))
    return await bridge.run(
        preview_account_act, caller=caller, account_id=account_id, act=AccountAct(wish.what)
    )
