"""Refresh tokens and cursors that nobody issued, as far as the database: refused, or an empty page, never a failure."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.domain.errors import Invalid, Unauthenticated
from app.domain.paging import PageRequest, Position
from app.operations.list_own_sessions import list_own_sessions
from app.operations.rotate_refresh_token import rotate_refresh_token
from tests.builders import ADDRESS, Builders

# The database of one test is for all its examples.
patiently = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@patiently
@given(st.text(max_size=300))
@example("\0")
@example("\ud800")
@example("cutoff_refresh_" + "A" * 43)
def test_a_refresh_token_that_nobody_issued_is_refused(make: Builders, text: str) -> None:
    with make.database.session() as db, pytest.raises(Unauthenticated):
        rotate_refresh_token(
            db, refresh_token=text, lifetime=timedelta(hours=1), leeway=timedelta(seconds=10), address=ADDRESS
        )


@patiently
@given(st.datetimes(timezones=zones), st.uuids())
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=23))), UUID(int=0))
@example(datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))), UUID(int=2**128 - 1))
@example(datetime.min.replace(tzinfo=UTC), UUID(int=0))
def test_a_cursor_of_any_instant_is_a_page_or_refused(
    make: Builders, instant: datetime, row_id: UUID
) -> None:
    session = make.session()
    cursor = str(Position(instant, row_id))
    with make.database.session() as db:
        page = list_own_sessions(db, caller=session.caller, page=PageRequest(cursor=cursor))
    assert len(page.items) <= 1


@given(st.binary(max_size=60) | st.from_regex(rb"[0-9TW:+.-]{1,40} [0-9a-f-]{32,36}", fullmatch=True))
def test_a_cursor_of_any_bytes_is_a_position_or_refused(content: bytes) -> None:
    cursor = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    try:
        position = Position.parse(cursor)
    except Invalid:
        return
    assert Position.parse(str(position)) == position
