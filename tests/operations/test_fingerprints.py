"""A page hears of a change by its fingerprint: it changes when what is shown does, and not before, and only for whom it concerns."""

from collections.abc import Callable
from typing import Any

import pytest

from app.data.engine import Database
from app.data.rows import run
from app.domain.caller import Caller
from app.domain.errors import Forbidden, NotFound
from app.operations.account_fingerprint import account_fingerprint
from app.operations.end_account_session import end_account_session
from app.operations.perform import perform
from app.operations.receipt_fingerprint import receipt_fingerprint
from app.operations.suspend_account import suspend_account
from tests.builders import Builders, MadeOrganization, MadeSession
from tests.operations.performing import RecordingPublisher

Fingerprint = Callable[..., str]

UNKNOWN = "01a20000-0000-7000-8000-000000000000"


@pytest.fixture
def organization(make: Builders) -> MadeOrganization:
    return make.organization()


@pytest.fixture
def member(make: Builders, organization: MadeOrganization) -> MadeSession:
    return make.session(make.member(organization))


def of(database: Database, fingerprint: Fingerprint, caller: Caller, argument: object) -> str:
    with database.session() as db:
        return fingerprint(db, caller=caller, argument=str(argument))


def test_a_receipts_fingerprint_changes_with_each_step_and_each_nodes_report(
    database: Database, publisher: RecordingPublisher, organization: MadeOrganization, member: MadeSession
) -> None:
    admin = organization.admin.caller
    with database.session() as db:
        ended = end_account_session(db, caller=admin, session_id=member.session_id).revocation_id

    def now() -> str:
        return of(database, receipt_fingerprint, admin, ended)

    asked_for = now()
    assert now() == asked_for
    perform(database, publisher, ended)
    performed = now()
    with database.session() as db:
        run(
            db,
            """
            INSERT INTO receipt_node (revocation_id, node_id, node_name, closing)
            VALUES (%(id)s, gen_random_uuid(), 'n1', 1)
            """,
            id=ended,
        )
    closing = now()
    with database.session() as db:
        run(db, "UPDATE receipt_node SET closing = 0, aborted = 1")
    closed = now()
    assert len({asked_for, performed, closing, closed}) == 4
    assert now() == closed


def test_an_accounts_fingerprint_changes_with_its_sessions_tokens_and_stamps_and_not_with_activity(
    database: Database, make: Builders, organization: MadeOrganization, member: MadeSession
) -> None:
    root = make.session(make.account("root", is_global_admin=True))

    def now() -> str:
        return of(database, account_fingerprint, organization.admin.caller, member.account_id)

    seen = [now()]
    make.api_token(member)
    seen.append(now())
    with database.session() as db:
        run(db, "UPDATE session SET last_active_at = clock_timestamp()")
    assert now() == seen[-1]
    with database.session() as db:
        suspend_account(db, caller=root.caller, account_id=member.account_id)
    seen.append(now())
    assert len(set(seen)) == 3


@pytest.mark.parametrize("fingerprint", [receipt_fingerprint, account_fingerprint])
@pytest.mark.parametrize("argument", ["", "x", "' OR true --", UNKNOWN])
def test_what_is_no_id_and_what_is_unknown_are_the_same(
    database: Database, make: Builders, fingerprint: Any, argument: str
) -> None:
    root = make.session(make.account("root", is_global_admin=True))
    with pytest.raises(NotFound):
        of(database, fingerprint, root.caller, argument)


def test_whom_it_does_not_concern_watches_nothing(
    database: Database, make: Builders, organization: MadeOrganization, member: MadeSession
) -> None:
    admin = organization.admin.caller
    with database.session() as db:
        ended = end_account_session(db, caller=admin, session_id=member.session_id).revocation_id
    stranger = make.organization().admin.caller
    for fingerprint, argument in ((receipt_fingerprint, ended), (account_fingerprint, member.account_id)):
        with pytest.raises(NotFound):
            of(database, fingerprint, stranger, argument)
    make.grant(organization)
    support = make.support_session(organization, make.session(make.account("ga", is_global_admin=True)))
    for fingerprint, argument in ((receipt_fingerprint, ended), (account_fingerprint, member.account_id)):
        with pytest.raises(Forbidden):
            of(database, fingerprint, support.caller, argument)
