"""Pages and their cursors."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.paging import Page, PageRequest, Position, page_of


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_is_the_position_that_it_was_made_of(instant: datetime, row_id: object) -> None:
    position = Position(instant, row_id)  # type: ignore[arg-type]
    assert Position.parse(str(position)) == position


@given(st.text())
def test_any_other_cursor_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        PageRequest(cursor=text)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_bounds(limit: int) -> None:
    with pytest.raises(Invalid):
        PageRequest(limit=limit)


@given(st.integers(1, 5), st.integers(0, 20))
def test_pages_have_every_row_once(limit: int, count: int) -> None:
    positions = [Position(datetime(2026, 1, 1, tzinfo=UTC), UUID(int=number)) for number in range(count)]
    request, seen = PageRequest(limit=limit), list[Position]()
    while True:
        after = request.after
        rows = [each for each in positions if after is None or each.row_id.int > after.row_id.int][
            : limit + 1
        ]
        page: Page[Position] = page_of(rows, request, item=lambda row: row, position=lambda row: row)
        assert len(page.items) <= limit
        seen += page.items
        if page.next_cursor is None:
            break
        request = PageRequest(limit=limit, cursor=page.next_cursor)
    assert seen == positions
