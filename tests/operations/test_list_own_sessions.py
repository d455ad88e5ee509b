"""One's own sessions, as they are shown."""

from sqlalchemy import Connection

from app.data.rows import run
from app.domain.paging import PageRequest
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.list_own_sessions import list_own_sessions
from tests.builders import ADDRESS, Builders


def test_only_live_sessions_are_listed_newest_first_in_pages(make: Builders, db: Connection) -> None:
    """B268."""
    account = make.account()
    gone, expired, first, second, mine = (make.session(account) for _ in range(5))
    make.session()
    run(db, "UPDATE session SET terminated_at = now() WHERE id = %(id)s", id=gone.session_id)
    run(db, "UPDATE session SET expires_at = clock_timestamp() WHERE id = %(id)s", id=expired.session_id)
    page = list_own_sessions(db, caller=mine.caller, page=PageRequest(limit=2))
    assert [each.session_id for each in page.items] == [mine.session_id, second.session_id]
    assert (page.items[0].device, page.items[0].ip_address) == ("Firefox on Linux", ADDRESS)
    rest = list_own_sessions(db, caller=mine.caller, page=PageRequest(limit=2, cursor=page.next_cursor))
    assert [each.session_id for each in rest.items] == [first.session_id]
    assert rest.next_cursor is None


def test_sessions_that_a_stamp_has_ended_are_not_listed(make: Builders, db: Connection) -> None:
    session = make.session()
    end_all_own_sessions(db, caller=session.caller, except_current=False)
    assert list_own_sessions(db, caller=session.caller, page=PageRequest()).items == ()
