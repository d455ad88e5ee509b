"""Whatever an account has, and in whatever state: what the preview counts is what the receipt then counts."""

from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from app.data.engine import Database
from app.data.rows import run
from app.domain.operator_target import OperatorTarget
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.perform import perform
from app.operations.preview_as_operator import preview_as_operator
from app.operations.preview_revocation import preview_all_own_sessions
from app.operations.read_receipt import read_receipt_as_operator
from app.operations.revoke_as_operator import revoke_as_operator
from tests.builders import Builders, MadeAccount
from tests.operations.performing import RecordingPublisher

OF_ACCOUNT = [
    OperatorTarget.ACCOUNT_SESSIONS,
    OperatorTarget.ACCOUNT_TOKENS,
    OperatorTarget.SUSPEND,
    OperatorTarget.DELETE,
]
SESSIONS = st.lists(st.sampled_from(["live", "expired", "ended"]), max_size=4)
TOKENS = st.lists(st.sampled_from(["live", "ended"]), max_size=4)

EXPIRED = "UPDATE session SET expires_at = clock_timestamp() - interval '1 minute' WHERE id = %(id)s"
ENDED = "UPDATE session SET terminated_at = clock_timestamp() WHERE id = %(id)s"
REVOKED = "UPDATE api_token SET revoked_at = clock_timestamp() WHERE id = %(id)s"


def account_with(make: Builders, sessions: list[str], tokens: list[str]) -> MadeAccount:
    account = make.account()
    asking = make.session(account)
    for state in sessions:
        session = make.session(account)
        with make.database.session() as db:
            if state != "live":
                run(db, EXPIRED if state == "expired" else ENDED, id=session.session_id)
    for state in tokens:
        token = make.api_token(asking)
        with make.database.session() as db:
            if state == "ended":
                run(db, REVOKED, id=token.api_token_id)
    return account


@pytest.mark.parametrize("target", OF_ACCOUNT)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(sessions=SESSIONS, tokens=TOKENS)
def test_what_the_preview_counts_is_what_the_receipt_counts(
    target: OperatorTarget,
    sessions: list[str],
    tokens: list[str],
    database: Database,
    make: Builders,
    publisher: RecordingPublisher,
):
    """And afterwards, nothing of that is left to end."""
    target_id = account_with(make, sessions, tokens).account_id
    preview = database.transact(preview_as_operator, target, target_id=target_id)
    requested = database.transact(revoke_as_operator, target, target_id=target_id)
    stamped = database.transact(preview_as_operator, target, target_id=target_id) if _stays(target) else None
    perform(database, publisher, requested.revocation_id)
    receipt = database.transact(read_receipt_as_operator, requested.revocation_id)
    assert (preview.sessions, preview.api_tokens) == (receipt.sessions_ended, receipt.tokens_ended)
    assert stamped is None or (stamped.sessions, stamped.api_tokens) == (0, 0)


def _stays(target: OperatorTarget) -> bool:
    """Whether the account can be asked about afterwards: suspended or not, but not deleted."""
    return target is not OperatorTarget.DELETE


def test_a_session_that_a_refresh_would_revive_ends_too_and_is_told_apart(
    database: Database, make: Builders, publisher: RecordingPublisher
):
    account = make.account()
    asking, dormant = make.session(account), make.session(account)
    with database.session() as db:
        run(db, EXPIRED, id=dormant.session_id)
    preview = database.transact(preview_all_own_sessions, caller=asking.caller, except_current=True)
    assert (preview.sessions, preview.dormant_sessions) == (1, 1)
    requested = database.transact(end_all_own_sessions, caller=asking.caller, except_current=True)
    perform(database, publisher, requested.revocation_id)
    assert database.transact(read_receipt_as_operator, requested.revocation_id).sessions_ended == 1


def test_what_is_past_its_absolute_end_or_over_with_its_grant_is_not_said_to_end(
    database: Database, make: Builders
):
    account = make.account(is_global_admin=True)
    session = make.session(account)
    organization = make.organization()
    make.grant(organization, lifetime=timedelta(minutes=5))
    make.support_session(organization, session)
    with database.session() as db:
        run(db, "UPDATE support_access_grant SET expires_at = clock_timestamp() - interval '1 minute'")
        run(
            db,
            "UPDATE session SET absolute_expires_at = clock_timestamp() - interval '1 minute' WHERE id = %(id)s",
            id=session.session_id,
        )
    preview = database.transact(
        preview_as_operator, OperatorTarget.ACCOUNT_SESSIONS, target_id=account.account_id
    )
    assert (preview.sessions, preview.support_sessions) == (0, 0)


def test_nodes_that_are_not_heard_of_are_said(database: Database, make: Builders):
    account = make.account()
    with database.session() as db:
        run(
            db,
            """
            INSERT INTO node (id, name, policy, lease, seen_at)
            VALUES (gen_random_uuid(), 'n1', 'hold', interval '3 seconds', clock_timestamp() - interval '1 minute')
            """,
        )
    preview = database.transact(preview_as_operator, OperatorTarget.SUSPEND, target_id=account.account_id)
    assert preview.silent_nodes == 1
