"""The members of the organizations that the visitor is an admin of."""

from fastapi import APIRouter, Request, Response

from app.http.deps import deps_of
from app.http.pages.queries import asked_of, more_address, page_asked
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.operations.list_members import list_members

__all__ = ["routes"]

routes: APIRouter = page_router()


@routes.get("/members")
async def members(request: Request, visitor: PageVisitor) -> Response:
    """They are listed with their sessions and sockets, newest first, or those that answer the search."""
    search = asked_of(request).get("search", "")
    found = await deps_of(request).bridge.run(
        list_members, caller=visitor.caller, search=search, page=page_asked(request)
    )
    return render(request, "members.html", search=search, found=found, more=more_address(request))
