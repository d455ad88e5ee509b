"""The audit trail: who did what to whom, as far as the visitor may know."""

from fastapi import APIRouter, Request, Response

from app.domain.searching import TrailSearch
from app.http.deps import deps_of
from app.http.pages.forms import instant_from
from app.http.pages.happenings import HAPPENED, happened
from app.http.pages.naming import names_in, opens_accounts
from app.http.pages.queries import asked_of, more_address, page_asked
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.operations.list_audit_events import list_audit_events

__all__ = ["routes"]

routes: APIRouter = page_router()


@routes.get("/audit")
async def audit(request: Request, visitor: PageVisitor) -> Response:
    """The events in the visitor's scope, newest first, or those that answer the search."""
    asked = asked_of(request)
    found = await deps_of(request).bridge.run(
        list_audit_events,
        caller=visitor.caller,
        org=asked.get("org"),
        search=_search(asked),
        page=page_asked(request),
    )
    people = {each for event in found.items for each in (event.account_id, event.actor_id)}
    return render(
        request,
        "audit.html",
        asked=asked,
        found=found,
        more=more_address(request),
        types=HAPPENED,
        happened=happened,
        names=await names_in(request, visitor, people),
        opens_accounts=opens_accounts(visitor),
    )


def _search(asked: dict[str, str]) -> TrailSearch:
    return TrailSearch(
        type=asked.get("type"),
        outcome=asked.get("outcome"),
        account=asked.get("account"),
        actor=asked.get("actor"),
        text=asked.get("text"),
        since=instant_from(asked, "since"),
        until=instant_from(asked, "until"),
    )
