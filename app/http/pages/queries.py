"""What a page's address asks for: a form that searches sends its empty fields too."""

from urllib.parse import urlencode

from fastapi import Request

from app.domain.paging import PageRequest

__all__ = ["asked_of", "more_address", "page_asked"]

CURSOR = "cursor"


def asked_of(request: Request) -> dict[str, str]:
    """The fields of the query that say something, without space around; of a name that comes twice, the last."""
    return {name: text for name, value in request.query_params.items() if (text := value.strip())}


def page_asked(request: Request, *, cursor: str = CURSOR) -> PageRequest:
    """The page of the list that the address asks for. Raises: Invalid for a cursor that is not ours."""
    return PageRequest(cursor=asked_of(request).get(cursor))


def more_address(request: Request, *, path: str = "", cursor: str = CURSOR) -> str:
    """Where another page of the list is, but for the cursor: the same address, or another path with the same query."""
    kept = {name: text for name, text in asked_of(request).items() if name != cursor}
    return f"{path or request.url.path}?{urlencode([*kept.items(), (cursor, '')])}"
