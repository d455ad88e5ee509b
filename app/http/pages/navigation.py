"""The way from page to page: a line for each, and who is shown it. What a page shows is its operations' business."""

from collections.abc import Callable
from dataclasses import dataclass

from app.operations.read_visitor import Visitor

__all__ = ["Link", "links_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A line of the navigation; `is_here` on the page itself and on those below it."""

    text: str
    href: str
    is_here: bool


def links_for(visitor: Visitor, *, path: str) -> tuple[Link, ...]:
    """What this visitor is offered, in order."""
    return tuple(
        Link(text=text, href=href, is_here=path == href or path.startswith(f"{href}/"))
        for text, href, is_offered in _PAGES
        if is_offered(visitor)
    )


def has_own_session(visitor: Visitor) -> bool:
    """Whether they work as themselves, and not in a support session."""
    return visitor.caller.grant is None


def is_in_support_session(visitor: Visitor) -> bool:
    """Whether they work in an organization that has let them in."""
    return visitor.support is not None


def is_global_admin(visitor: Visitor) -> bool:
    """Whether they are a Global Admin, and work as such."""
    return has_own_session(visitor) and visitor.caller.is_global_admin


def is_org_admin(visitor: Visitor) -> bool:
    """Whether they are an admin of some organization."""
    return has_own_session(visitor) and any(each.role == "admin" for each in visitor.account.organizations)


def is_admin(visitor: Visitor) -> bool:
    """Whether they are an admin of an organization, or of all of them."""
    return is_org_admin(visitor) or is_global_admin(visitor)


_PAGES: tuple[tuple[str, str, Callable[[Visitor], bool]], ...] = (
    ("Your sessions", "/sessions", has_own_session),
    ("Members", "/members", is_org_admin),
    ("Support access", "/support", is_org_admin),
    ("Accounts", "/accounts", is_global_admin),
    ("Support sessions", "/support-sessions", is_global_admin),
    ("The organization", "/organization", is_in_support_session),
    ("Fleet", "/fleet", is_global_admin),
    ("Mass revocation", "/mass-revocations", is_admin),
    ("Receipts", "/receipts", has_own_session),
    ("Audit", "/audit", has_own_session),
)
