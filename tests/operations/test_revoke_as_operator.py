"""An operator's revocations are those of the handlers, without an account behind them."""

import pytest

from app.data.engine import Database
from app.data.rows import all_rows, one_row
from app.domain.errors import Conflict, NotFound
from app.domain.operator_target import OperatorTarget
from app.operations.perform import perform
from app.operations.revoke_as_operator import revoke_as_operator
from tests.builders import Builders
from tests.operations.performing import Facts, RecordingPublisher


def test_ending_a_session_twice_is_one_revocation(
    database: Database, make: Builders, publisher: RecordingPublisher
):
    session = make.session()
    first = database.transact(revoke_as_operator, OperatorTarget.SESSION, target_id=session.session_id)
    pending = database.transact(revoke_as_operator, OperatorTarget.SESSION, target_id=session.session_id)
    perform(database, publisher, first.revocation_id)
    over = database.transact(revoke_as_operator, OperatorTarget.SESSION, target_id=session.session_id)
    assert first.is_new
    assert [pending, over] == [type(first)(revocation_id=first.revocation_id, is_new=False)] * 2
    assert publisher.targets == [("session", session.token_hash)]


def test_ending_a_token_ends_that_token(database: Database, make: Builders, publisher: RecordingPublisher):
    session = make.session()
    token, other = make.api_token(session), make.api_token(session)
    requested = database.transact(revoke_as_operator, OperatorTarget.TOKEN, target_id=token.api_token_id)
    perform(database, publisher, requested.revocation_id)
    assert publisher.targets == [("token", str(token.api_token_id))]
    with database.session() as db:
        alive = one_row(db, "SELECT id FROM api_token WHERE revoked_at IS NULL")
    assert alive is not None
    assert alive["id"] == other.api_token_id


@pytest.mark.parametrize(
    "case",
    [
        (OperatorTarget.ACCOUNT_SESSIONS, ["session"], (True, False)),
        (OperatorTarget.ACCOUNT_TOKENS, ["api_token"], (False, True)),
        (OperatorTarget.SUSPEND, ["session", "api_token", "daemon_token"], (True, True)),
    ],
)
def test_an_account_wide_end_counts_from_the_request_and_stamps_what_it_names(
    database: Database, make: Builders, facts: Facts, case
):
    target, invalidates, stamped = case
    session = make.session()
    requested = database.transact(revoke_as_operator, target, target_id=session.account_id)
    closures = facts.rows("SELECT target_kind, invalidates, revocation_id FROM closure")
    assert [dict(closure) for closure in closures] == [
        {"target_kind": "account", "invalidates": invalidates, "revocation_id": requested.revocation_id}
    ]
    (account,) = facts.rows(
        "SELECT sessions_ended_at, tokens_revoked_at FROM account WHERE id = %(id)s", id=session.account_id
    )
    assert (account["sessions_ended_at"] is not None, account["tokens_revoked_at"] is not None) == stamped


def test_suspending_twice_is_one_revocation(database: Database, make: Builders):
    account = make.account()
    first = database.transact(revoke_as_operator, OperatorTarget.SUSPEND, target_id=account.account_id)
    second = database.transact(revoke_as_operator, OperatorTarget.SUSPEND, target_id=account.account_id)
    assert (second.revocation_id, second.is_new) == (first.revocation_id, False)


def test_the_last_global_admin_is_not_suspended(database: Database, make: Builders):
    admin = make.account(is_global_admin=True)
    with pytest.raises(Conflict, match="last_global_admin"):
        database.transact(revoke_as_operator, OperatorTarget.SUSPEND, target_id=admin.account_id)


@pytest.mark.parametrize("target", list(OperatorTarget))
def test_an_unknown_id_is_not_found(database: Database, make: Builders, target):
    # An id of another kind.
    organization = make.organization()
    with pytest.raises(NotFound):
        database.transact(revoke_as_operator, target, target_id=organization.org_id)
    with database.session() as db:
        assert all_rows(db, "SELECT id FROM revocation") == []
