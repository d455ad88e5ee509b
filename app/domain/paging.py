"""Pages of a list, newest first, by keyset: a row that comes or goes meanwhile shifts nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from app.domain.errors import Invalid

__all__ = ["DEFAULT_LIMIT", "MAXIMUM_LIMIT", "Page", "PageRequest", "Position", "page_of"]

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the instant and the id of its last row."""

    instant: datetime
    row_id: UUID

    def __str__(self) -> str:
        plain = f"{self.instant.isoformat()} {self.row_id}"
        return base64.urlsafe_b64encode(plain.encode()).rstrip(b"=").decode()

    @classmethod
    def parse(cls, cursor: str) -> "Position":
        """The position that a cursor stands for. Raises: Invalid for one that we did not hand out."""
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            instant, row_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(" ")
            position = cls(datetime.fromisoformat(instant), UUID(row_id))
        except (ValueError, binascii.Error):
            raise Invalid("cursor", "malformed") from None
        if position.instant.tzinfo is None:
            raise Invalid("cursor", "malformed")
        return position


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How many rows at most, and after which position. Raises: Invalid for a bad limit or cursor."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAXIMUM_LIMIT:
            raise Invalid("limit", f"not_between_1_and_{MAXIMUM_LIMIT}")
        if self.cursor is not None:
            Position.parse(self.cursor)

    @property
    def after(self) -> Position | None:
        """The last row of the page before; None for the first page."""
        return None if self.cursor is None else Position.parse(self.cursor)

    @property
    def parameters(self) -> dict[str, object]:
        """For a query with `(at, id) < (after_at, after_id)` and one row more than the page holds."""
        after = self.after
        return {
            "page_limit": self.limit + 1,
            "after_at": None if after is None else after.instant,
            "after_id": None if after is None else after.row_id,
        }


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list; `next_cursor` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None


def page_of(
    rows: Sequence[T], request: PageRequest, *, item: Callable[[T], U], position: Callable[[T], Position]
) -> Page[U]:
    """The page that was asked for, from rows of which there may be one more than it holds."""
    held = rows[: request.limit]
    has_more = len(rows) > request.limit
    return Page(tuple(item(row) for row in held), str(position(held[-1])) if has_more else None)
