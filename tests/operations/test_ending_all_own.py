"""Ending all one's sessions, or all one's API tokens, by a stamp."""

from typing import Any

import pytest
from sqlalchemy import Connection

from app.data.rows import all_rows
from app.domain.errors import Unauthenticated
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.identify import identify
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from tests.builders import ADDRESS, Builders, MadeSession
from tests.closure_rows import closures
from tests.operations.revocation_rows import revocation


def test_from_the_commit_on_all_sessions_are_dead_though_no_row_is_swept(
    make: Builders, db: Connection
) -> None:
    account = make.account()
    session, token = make.session(account), make.api_token(make.session(account))
    requested = end_all_own_sessions(db, caller=session.caller, except_current=False)
    with pytest.raises(Unauthenticated) as dead:
        identify(db, token=session.token, address=ADDRESS)
    assert dead.value.reason == "all_sessions_revoked"
    identify(db, token=token.token, address=ADDRESS)
    assert all_rows(db, "SELECT FROM session WHERE terminated_at IS NOT NULL") == []
    written = all_rows(db, "SELECT target_kind, invalidates, revocation_id FROM closure")
    assert [(r["target_kind"], r["invalidates"], r["revocation_id"]) for r in written] == [
        ("account", ["session"], requested.revocation_id)
    ]
    later = make_session_in(db, make, account)
    identify(db, token=later.token, address=ADDRESS)


def make_session_in(db: Connection, make: Builders, account: Any) -> MadeSession:
    db.commit()
    return make.session(account)


def test_all_but_this_stamps_nothing_and_names_whom_it_spares(make: Builders, db: Connection) -> None:
    account = make.account()
    mine, other = make.session(account), make.session(account)
    requested = end_all_own_sessions(db, caller=mine.caller, except_current=True)
    row = revocation(db, requested)
    assert row["sparing_session_id"] == mine.session_id
    assert row["issued_up_to"] is not None
    assert closures(db) == []
    identify(db, token=other.token, address=ADDRESS)


def test_all_tokens_are_dead_from_the_commit_on_and_sessions_are_not(make: Builders, db: Connection) -> None:
    session = make.session()
    token = make.api_token(session)
    revoke_all_own_api_tokens(db, caller=session.caller)
    with pytest.raises(Unauthenticated) as dead:
        identify(db, token=token.token, address=ADDRESS)
    assert dead.value.reason == "all_tokens_revoked"
    identify(db, token=session.token, address=ADDRESS)
