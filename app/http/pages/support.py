"""Support access in an organization's settings: who is let in and until when, who asks, who came, what was told."""

from collections.abc import Mapping

from fastapi import Request, Response

from app.data.organizations import Membership
from app.domain.errors import CutoffError, Invalid, NotFound
from app.domain.paging import PageRequest
from app.http.deps import deps_of
from app.http.pages.notice_words import headline_of, until_of
from app.http.pages.queries import asked_of
from app.http.pages.rendering import error_status, render
from app.http.pages.visitor import PageVisitor, page_router
from app.http.pages.wording import sentence_for
from app.operations.read_visitor import Visitor
from app.operations.show_support_access import show_support_access

__all__ = ["org_asked", "routes", "support_address", "support_page_again"]

SHOWN = 10

routes = page_router()


@routes.get("/support")
async def support(request: Request, visitor: PageVisitor) -> Response:
    """The page, of the organization that the address names, or the first that the visitor is an admin of."""
    return await _show(request, visitor, "support.html", org=org_asked(asked_of(request), visitor))


@routes.get("/support/now")
async def support_now(request: Request, visitor: PageVisitor) -> Response:
    """The part of it that keeps up."""
    return await _show(request, visitor, "_support.html", org=org_asked(asked_of(request), visitor))


def org_asked(fields: Mapping[str, str], visitor: Visitor) -> str:
    """The organization that the form or address names, else the visitor's first. Raises: NotFound for none."""
    mine = _organizations(visitor)
    named = fields.get("org", "") or (mine[0].slug if mine else "")
    if not named:
        raise NotFound("organization")
    return named


def support_address(org: str) -> str:
    """Where the page of that organization is, whose slug it is."""
    return f"/support?org={org}"


async def support_page_again(
    request: Request, visitor: Visitor, error: CutoffError, fields: Mapping[str, str]
) -> Response:
    """The page with what was wrong, and with what had been filled in."""
    if not isinstance(error, Invalid):
        fields = {"org": fields.get("org", "")}
    return await _show(
        request,
        visitor,
        "support.html",
        org=org_asked(fields, visitor),
        problem=sentence_for(error),
        filled_in=fields,
        status=error_status(error),
    )


async def _show(
    request: Request,
    visitor: Visitor,
    template: str,
    *,
    org: str,
    problem: str = "",
    filled_in: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    asked = asked_of(request)
    access = await deps_of(request).bridge.run(
        show_support_access,
        caller=visitor.caller,
        org=org,
        uses=PageRequest(limit=SHOWN, cursor=asked.get("uses")),
        notices=PageRequest(limit=SHOWN, cursor=asked.get("notices")),
    )
    return render(
        request,
        template,
        status=status,
        access=access,
        organizations=_organizations(visitor),
        problem=problem,
        filled_in=filled_in or {},
        headline_of=headline_of,
        until_of=until_of,
        query=request.url.query if request.method == "GET" else f"org={access.organization.slug}",
    )


def _organizations(visitor: Visitor) -> tuple[Membership, ...]:
    return tuple(each for each in visitor.account.organizations if each.role == "admin")
