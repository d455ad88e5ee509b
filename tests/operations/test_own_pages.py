"""What somebody's own page reads: who they are, what ended lately, whether anything has changed."""

from datetime import timedelta

import pytest

from app.data.rows import run
from app.domain.errors import Forbidden
from app.domain.paging import PageRequest
from app.operations.end_own_session import end_own_session
from app.operations.list_recent_ends import SHOWN_FOR, list_recent_ends
from app.operations.own_sessions_fingerprint import own_sessions_fingerprint
from app.operations.read_visitor import read_visitor


def ends_of(db, session, **page):
    return list_recent_ends(db, caller=session.caller, page=PageRequest(**page))


def test_a_visitor_is_told_their_name_their_roles_and_the_databases_time(db, make):
    organization = make.organization()
    visitor = read_visitor(db, caller=organization.admin.caller)
    assert visitor.account.account_id == organization.admin.account_id
    assert [each.role for each in visitor.account.organizations] == ["admin"]
    assert abs(visitor.now - make.now()) < timedelta(seconds=5)


def test_what_ended_lately_is_listed_last_first_with_its_reason(db, make):
    account = make.account()
    session, other = make.session(account), make.session(account)
    token = make.api_token(session)
    somebody_else = make.session()
    for made, table, column in (
        (other, "session", "terminated_at"),
        (somebody_else, "session", "terminated_at"),
    ):
        run(
            db,
            f"UPDATE {table} SET {column} = clock_timestamp(), end_reason = 'logged_out' WHERE id = %(id)s",
            id=made.session_id,
        )
    run(
        db,
        "UPDATE api_token SET revoked_at = clock_timestamp() WHERE id = %(id)s",
        id=token.api_token_id,
    )
    shown = ends_of(db, session).items
    assert [(end.credential_id, end.reason) for end in shown] == [
        (token.api_token_id, "token_revoked"),
        (other.session_id, "logged_out"),
    ]


def test_what_has_expired_is_listed_though_nobody_has_recorded_it(db, make):
    account = make.account()
    session, other = make.session(account), make.session(account)
    token = make.api_token(session)
    run(db, "UPDATE session SET expires_at = clock_timestamp() WHERE id = %(id)s", id=other.session_id)
    run(db, "UPDATE api_token SET expires_at = clock_timestamp() WHERE id = %(id)s", id=token.api_token_id)
    db.commit()
    assert {end.reason for end in ends_of(db, session).items} == {"session_expired", "token_expired"}


def test_what_ended_long_ago_is_not_listed_and_the_rest_comes_in_pages(db, make):
    account = make.account()
    session, old = make.session(account), make.session(account)
    lately = [make.session(account) for _ in range(3)]
    for made, ago in ((old, SHOWN_FOR), *((each, timedelta(0)) for each in lately)):
        run(
            db,
            "UPDATE session SET terminated_at = statement_timestamp() - %(ago)s::interval WHERE id = %(id)s",
            ago=ago,
            id=made.session_id,
        )
    db.commit()
    first = ends_of(db, session, limit=2)
    rest = ends_of(db, session, limit=2, cursor=first.next_cursor)
    assert (len(first.items), len(rest.items), rest.next_cursor) == (2, 1, None)
    assert {end.credential_id for end in (*first.items, *rest.items)} == {each.session_id for each in lately}


def test_the_fingerprint_changes_with_what_is_valid_and_not_with_activity(db, make):
    account = make.account()
    session, other = make.session(account), make.session(account)

    def seen():
        db.commit()
        return own_sessions_fingerprint(db, caller=session.caller, argument="")

    before = seen()
    run(db, "UPDATE session SET last_active_at = clock_timestamp() + interval '1 hour'")
    make.session()
    assert seen() == before
    texts = [before]
    for change in (
        lambda: make.session(account),
        lambda: make.api_token(session),
        lambda: run(
            db, "UPDATE session SET expires_at = clock_timestamp() WHERE id = %(id)s", id=other.session_id
        ),
        lambda: end_own_session(db, caller=session.caller, session_id=session.session_id),
        lambda: run(
            db,
            "UPDATE session SET terminated_at = clock_timestamp() WHERE id = %(id)s",
            id=session.session_id,
        ),
    ):
        change()
        texts.append(seen())
    assert len(set(texts)) == len(texts) - 1  # asking for an end is not yet the end


@pytest.mark.parametrize("operation", [list_recent_ends, own_sessions_fingerprint])
def test_only_a_session_of_ones_own_sees_that(db, make, operation):
    token = make.api_token()
    more = {"page": PageRequest()} if operation is list_recent_ends else {"argument": ""}
    with pytest.raises(Forbidden):
        operation(db, caller=token.caller, **more)
