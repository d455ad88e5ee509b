"""Searches as query parameters: each one narrows, and one that is left out leaves its question open."""

from typing import Annotated

from fastapi import Depends, Query

from app.domain.receipts import ReceiptState
from app.domain.searching import ReceiptSearch, TrailSearch
from app.http.shapes import Instant, SearchText

__all__ = ["Receipts", "Trail", "Word"]

Word = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]

Person = Annotated[SearchText | None, Query(description="An account's id or e-mail address.")]
Since = Annotated[Instant | None, Query(description="Not before this instant.")]
Until = Annotated[Instant | None, Query(description="Before this instant.")]


async def _receipts(
    *,
    account: Person = None,
    actor: Person = None,
    kind: Word = None,
    source: Word = None,
    state: ReceiptState | None = None,
    since: Since = None,
    until: Until = None,
) -> ReceiptSearch:
    return ReceiptSearch(
        account=account, actor=actor, kind=kind, source=source, state=state, since=since, until=until
    )


async def _trail(
    *,
    type: Word = None,  # noqa: A002 - the name of the query parameter
    outcome: Word = None,
    account: Person = None,
    actor: Person = None,
    text: SearchText | None = None,
    since: Since = None,
    until: Until = None,
) -> TrailSearch:
    return TrailSearch(
        type=type, outcome=outcome, account=account, actor=actor, text=text, since=since, until=until
    )


Receipts = Annotated[ReceiptSearch, Depends(_receipts)]
Trail = Annotated[TrailSearch, Depends(_trail)]
