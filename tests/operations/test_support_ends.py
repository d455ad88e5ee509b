"""How support access ends, and what ends with it."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from app.data.engine import Database
from app.data.rows import one_row, run
from app.data.session_repository import SessionRepository
from app.domain.errors import NotFound, Unauthenticated
from app.domain.paging import PageRequest
from app.domain.revocation_request import Requested
from app.operations.identify import identify
from app.operations.revoke_support_grant import revoke_support_grant
from tests.builders import ADDRESS, Builders, MadeOrganization, MadeSession
from tests.closure_rows import closures
from tests.operations.support import send


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("expires_at = clock_timestamp()", "support_access_ended"),
        ("revoked_at = clock_timestamp()", "support_access_revoked"),
    ],
)
def test_when_it_is_over_every_query_denies_access(
    make: Builders,
    db: Connection,
    organization: MadeOrganization,
    support_admin: MadeSession,
    end: str,
    reason: str,
) -> None:
    """B226."""
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    run(db, f"UPDATE support_access_grant SET {end}")
    with pytest.raises(Unauthenticated) as dead:
        identify(db, token=support.token, address=ADDRESS)
    assert dead.value.reason == reason
    with pytest.raises(NotFound):
        send(db, support, organization.slug)
    identify(db, token=support_admin.token, address=ADDRESS)  # the admin\'s own session stays
    sessions = SessionRepository(db).find_active_sessions_by_user(support_admin.account_id, PageRequest())
    assert [each.session_id for each in sessions.items] == [support_admin.session_id]


def test_revoking_ends_grant_and_sessions_in_one_transaction_and_names_who(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    """B229, B230."""
    grant = make.grant(organization)
    support = make.support_session(organization, support_admin)
    repository = SessionRepository(db)
    assert repository.revoke_support_access_grant(grant.grant_id, by=organization.admin.account_id)
    assert not repository.revoke_support_access_grant(grant.grant_id, by=organization.admin.account_id)
    stored = repository.find_support_access_grant(grant.grant_id)
    assert stored is not None
    assert stored.revoked_by == organization.admin.account_id
    assert [each.key for each in closures(db)] == [support.token_hash]
    assert repository.expire_due_support_access_grants(10) == 0


def test_a_request_to_revoke_is_one_revocation_however_often(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    grant = make.grant(organization)

    def ask() -> Requested:
        return revoke_support_grant(
            db, caller=organization.admin.caller, org=organization.slug, grant_id=grant.grant_id
        )

    first = ask()
    assert first.is_new
    assert ask() == replace(first, is_new=False, receipt=None)
    SessionRepository(db).revoke_support_access_grant(grant.grant_id, by=None)
    run(db, "UPDATE revocation SET performed_at = now()")
    assert ask() == replace(first, is_new=False, receipt=None)


def test_revoking_what_has_expired_succeeds_and_ends_nothing(
    make: Builders, db: Connection, organization: MadeOrganization
) -> None:
    grant = make.grant(organization)
    run(db, "UPDATE support_access_grant SET expires_at = clock_timestamp()")
    assert not SessionRepository(db).revoke_support_access_grant(grant.grant_id, by=None)
    requested = revoke_support_grant(
        db, caller=organization.admin.caller, org=organization.slug, grant_id=grant.grant_id
    )
    assert not requested.is_new


def test_due_grants_expire_once_with_their_sessions(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    grant = make.grant(organization)
    make.grant(organization)
    support = make.support_session(organization, support_admin, grant_id=grant.grant_id)
    run(
        db,
        "UPDATE support_access_grant SET expires_at = clock_timestamp() WHERE id = %(id)s",
        id=grant.grant_id,
    )
    repository = SessionRepository(db)
    assert repository.find_due_support_access_grants(10) == (grant.grant_id,)
    assert repository.expire_due_support_access_grants(10) == 1
    assert repository.expire_due_support_access_grants(10) == 0
    assert [(each.key, each.reason) for each in closures(db, of_action="close")] == [
        (support.token_hash, "support_access_ended")
    ]


def test_of_two_sweeps_at_once_each_leaves_the_others_grants_alone(
    make: Builders, database: Database, organization: MadeOrganization
) -> None:
    make.grant(organization)
    with database.session() as db:
        run(db, "UPDATE support_access_grant SET expires_at = clock_timestamp()")
    with database.session() as one, database.session() as other:
        assert SessionRepository(one).expire_due_support_access_grants(10) == 1
        assert SessionRepository(other).expire_due_support_access_grants(10) == 0


def test_revoked_and_expired_at_once_is_one_final_state(
    make: Builders, database: Database, organization: MadeOrganization
) -> None:
    """B234."""
    grant = make.grant(organization, lifetime=timedelta(milliseconds=300))
    answers: list[bool] = []

    def revoke() -> None:
        with database.session() as db:
            answers.append(SessionRepository(db).revoke_support_access_grant(grant.grant_id, by=None))

    with database.session() as db:
        run(db, "SELECT pg_sleep(0.4)")
        assert SessionRepository(db).expire_due_support_access_grants(10) == 1
        waiter = threading.Thread(target=revoke)
        waiter.start()
        waiter.join(0.2)
    waiter.join(10)
    assert answers == [False]
    with database.session() as db:
        assert one_row(db, "SELECT revoked_at FROM support_access_grant") == {"revoked_at": None}


def test_the_support_session_alone_can_end_and_the_grant_stays_usable(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    """B240."""
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    SessionRepository(db).terminate_session(support.session_id)
    db.commit()
    make.support_session(organization, support_admin)


@pytest.mark.parametrize("column", ["suspended_at", "deleted_at"])
def test_when_the_admins_account_ends_the_grant_stays_and_admits_them_no_more(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession, column: str
) -> None:
    """B239."""
    grant = make.grant(organization)
    support = make.support_session(organization, support_admin)
    run(db, f"UPDATE account SET {column} = now() WHERE id = %(id)s", id=support_admin.account_id)
    db.commit()
    with pytest.raises(NotFound):
        send(db, support, organization.slug)
    with pytest.raises(Unauthenticated):
        make.support_session(organization, support_admin)
    stored = SessionRepository(db).find_support_access_grant(grant.grant_id)
    assert stored is not None
    assert stored.is_usable


def test_when_the_grantors_account_ends_the_grant_lives_to_its_own_end(
    make: Builders, db: Connection, organization: MadeOrganization, support_admin: MadeSession
) -> None:
    """B239."""
    make.grant(organization)
    support = make.support_session(organization, support_admin)
    run(db, "DELETE FROM account WHERE id = %(id)s", id=organization.admin.account_id)
    assert send(db, support, organization.slug).role == "support"
