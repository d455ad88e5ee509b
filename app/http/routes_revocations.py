"""Receipts: what became of a revocation."""

from fastapi import APIRouter, Request

from app.http.deps import deps_of
from app.http.identity import Anybody, GuardedRoute
from app.http.path_ids import RevocationPath
from app.http.revoking import settled_receipt
from app.http.schemas_revocations import ReceiptView
from app.http.searching import Receipts
from app.http.shapes import PageView, Paging, page_view
from app.operations.list_revocations import list_revocations

__all__ = ["routes"]

routes = APIRouter(prefix="/v1/revocations", tags=["revocations"], route_class=GuardedRoute)


@routes.get("")
async def receipts(
    request: Request, caller: Anybody, page: Paging, search: Receipts
) -> PageView[ReceiptView]:
    """The receipts that concern the caller, newest first, each as last settled."""
    found = await deps_of(request).bridge.run(list_revocations, caller=caller, search=search, page=page)
    return page_view(ReceiptView, found)


@routes.get("/{revocation_id}")
async def receipt(request: Request, caller: Anybody, revocation_id: RevocationPath) -> ReceiptView:
    """The receipt, for whom it concerns. With `Prefer: wait=N` it is answered once it is settled, or N seconds later."""
    return ReceiptView.model_validate(await settled_receipt(request, caller, revocation_id))
