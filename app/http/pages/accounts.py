"""Everybody's accounts, for Global Admins."""

from fastapi import APIRouter, Request, Response

from app.domain.permissions import require_global_admin
from app.http.deps import deps_of
from app.http.pages.queries import asked_of, more_address, page_asked
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.operations.list_accounts import list_accounts

__all__ = ["routes"]

routes: APIRouter = page_router()


@routes.get("/accounts")
async def accounts(request: Request, visitor: PageVisitor) -> Response:
    """They are listed with their sessions and sockets, newest first, or those that answer the search."""
    require_global_admin(visitor.caller)
    asked = asked_of(request)
    found = await deps_of(request).bridge.run(
        list_accounts,
        caller=visitor.caller,
        search=asked.get("search", ""),
        with_deleted="with_deleted" in asked,
        page=page_asked(request),
    )
    return render(request, "accounts.html", asked=asked, found=found, more=more_address(request))
