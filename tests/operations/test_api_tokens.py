"""Making and listing API tokens."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from app.data.rows import all_rows, run
from app.domain.credentials import TokenKind, kind_of_token
from app.domain.errors import Forbidden, Invalid, Unauthenticated
from app.domain.paging import PageRequest
from app.operations.create_api_token import create_api_token
from app.operations.identify import identify
from app.operations.list_api_tokens import list_api_tokens
from app.operations.record_activity import record_activity
from tests.builders import ADDRESS, Builders


def test_a_token_is_shown_once_and_proves_its_account(make: Builders, db: Connection) -> None:
    session = make.session()
    created = create_api_token(db, caller=session.caller, name="  deploy ")
    assert kind_of_token(created.token) is TokenKind.API
    assert created.record.name == "deploy"
    caller = identify(db, token=created.token, address=ADDRESS)
    assert (caller.account_id, caller.api_token_id) == (session.account_id, created.record.api_token_id)
    page = list_api_tokens(db, caller=session.caller, page=PageRequest())
    assert page.items == (created.record,)


def test_minting_ends_nothing(make: Builders, db: Connection) -> None:
    session = make.session()
    for number in range(3):
        create_api_token(db, caller=session.caller, name=str(number))
    assert all_rows(db, "SELECT FROM closure") == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "nul\0"])
def test_a_bad_name_is_refused(make: Builders, db: Connection, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_api_token(db, caller=make.session().caller, name=name)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    "expires_at",
    [datetime(2040, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)],  # noqa: DTZ001 - without zone is the point
)
def test_an_end_without_zone_or_in_the_past_is_refused(
    make: Builders, db: Connection, expires_at: datetime
) -> None:
    with pytest.raises(Invalid) as refused:
        create_api_token(db, caller=make.session().caller, name="x", expires_at=expires_at)
    assert refused.value.field == "expires_at"


def test_a_token_makes_no_tokens(make: Builders, db: Connection) -> None:
    with pytest.raises(Forbidden):
        create_api_token(db, caller=make.api_token().caller, name="x")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account SET suspended_at = now()",
        "UPDATE account SET sessions_ended_at = clock_timestamp()",
        "UPDATE session SET terminated_at = now()",
        "UPDATE session SET expires_at = now()",
    ],
)
def test_what_has_ended_between_the_check_and_the_lock_mints_nothing(
    make: Builders, db: Connection, statement: str
) -> None:
    session = make.session()
    run(db, statement)
    with pytest.raises(Unauthenticated):
        create_api_token(db, caller=session.caller, name="x")
    assert all_rows(db, "SELECT FROM api_token") == []


def test_only_live_tokens_are_listed_in_pages(make: Builders, db: Connection) -> None:
    session = make.session()
    tokens = [make.api_token(session, lifetime=timedelta(hours=1)) for _ in range(4)]
    run(db, "UPDATE api_token SET revoked_at = now() WHERE id = %(id)s", id=tokens[3].api_token_id)
    run(db, "UPDATE api_token SET expires_at = now() WHERE id = %(id)s", id=tokens[2].api_token_id)
    first = list_api_tokens(db, caller=session.caller, page=PageRequest(limit=1))
    second = list_api_tokens(db, caller=session.caller, page=PageRequest(limit=1, cursor=first.next_cursor))
    assert [each.api_token_id for each in first.items + second.items] == [
        tokens[1].api_token_id,
        tokens[0].api_token_id,
    ]
    assert second.next_cursor is None


def test_activity_is_noted_and_extends_nothing(make: Builders, db: Connection) -> None:
    session = make.session()
    token = make.api_token(session)
    run(db, "UPDATE session SET last_active_at = '2020-01-01'")
    before = all_rows(db, "SELECT expires_at FROM session")
    record_activity(db, session_ids={session.session_id}, api_token_ids={token.api_token_id})
    assert all_rows(db, "SELECT FROM session WHERE last_active_at > '2020-01-02'")
    assert all_rows(db, "SELECT FROM api_token WHERE last_used_at IS NOT NULL")
    assert all_rows(db, "SELECT expires_at FROM session") == before
    assert all_rows(db, "SELECT FROM closure") == []


def test_a_locked_row_is_left_out_and_nobody_waits(make: Builders, db: Connection) -> None:
    session = make.session()
    with make.database.session() as somebody:
        run(somebody, "SELECT FROM session FOR UPDATE")
        run(db, "SET LOCAL lock_timeout = '100ms'")
        record_activity(db, session_ids={session.session_id}, api_token_ids=set())
