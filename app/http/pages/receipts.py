"""Receipts: found by whom they concern, and each of them filling in while it is looked at."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from app.domain.errors import Invalid
from app.domain.ids import RevocationId
from app.domain.permissions import require_no_support_session
from app.domain.receipts import Receipt, ReceiptState
from app.domain.searching import ReceiptSearch
from app.http.deps import deps_of
from app.http.pages.forms import instant_from
from app.http.pages.happenings import KINDS, SOURCES, STATES, happened, state_sentence
from app.http.pages.naming import names_in, opens_accounts
from app.http.pages.queries import asked_of, more_address, page_asked
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.path_ids import RevocationPath
from app.operations.list_revocations import list_revocations
from app.operations.read_receipt import read_receipt
from app.operations.read_visitor import Visitor

__all__ = ["routes"]

routes: APIRouter = page_router()


@routes.get("/receipts")
async def receipts(request: Request, visitor: PageVisitor) -> Response:
    """The receipts that concern the visitor, newest first, or those that answer the search."""
    require_no_support_session(visitor.caller)
    asked = asked_of(request)
    found = await deps_of(request).bridge.run(
        list_revocations, caller=visitor.caller, search=_search(asked), page=page_asked(request)
    )
    return render(
        request,
        "receipts.html",
        asked=asked,
        found=found,
        more=more_address(request),
        kinds=KINDS,
        sources=SOURCES,
        states=STATES,
        happened=happened,
        **await _naming(request, visitor, found.items),
    )


@routes.get("/receipts/{revocation_id}")
async def receipt(request: Request, visitor: PageVisitor, revocation_id: RevocationPath) -> Response:
    """One receipt, as it stands now."""
    return await _one(request, visitor, revocation_id, "receipt.html")


@routes.get("/receipts/{revocation_id}/live")
async def live_receipt(request: Request, visitor: PageVisitor, revocation_id: RevocationPath) -> Response:
    """The same without the page around it."""
    return await _one(request, visitor, revocation_id, "_receipt.html")


async def _one(request: Request, visitor: Visitor, revocation_id: RevocationId, template: str) -> Response:
    require_no_support_session(visitor.caller)
    found = await deps_of(request).bridge.run(read_receipt, visitor.caller, revocation_id=revocation_id)
    return render(
        request,
        template,
        receipt=found,
        states=STATES,
        sources=SOURCES,
        happened=happened,
        state_sentence=state_sentence(found),
        utc=_utc,
        **await _naming(request, visitor, [found]),
    )


async def _naming(request: Request, visitor: Visitor, found: Iterable[Receipt]) -> dict[str, Any]:
    people = {each for receipt in found for each in (receipt.account_id, receipt.requested_by)}
    names = await names_in(request, visitor, people)
    return {"names": names, "opens_accounts": opens_accounts(visitor)}


def _search(asked: dict[str, str]) -> ReceiptSearch:
    return ReceiptSearch(
        account=asked.get("account"),
        actor=asked.get("actor"),
        kind=asked.get("kind"),
        source=asked.get("source"),
        state=_state(asked.get("state")),
        since=instant_from(asked, "since"),
        until=instant_from(asked, "until"),
    )


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _state(word: str | None) -> ReceiptState | None:
    if word is None:
        return None
    try:
        return ReceiptState(word)
    except ValueError:
        raise Invalid("state", "unknown") from None
