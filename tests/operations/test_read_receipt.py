"""A receipt is shown to whom it concerns, and to nobody else."""

from collections.abc import Callable

import pytest
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.domain.caller import Caller
from app.domain.errors import NotFound
from app.domain.ids import RevocationId
from app.operations.end_account_session import end_account_session
from app.operations.perform import perform
from app.operations.read_receipt import read_receipt, read_receipt_as_operator
from app.operations.revoke_support_grant import revoke_support_grant
from tests.builders import Builders, MadeOrganization, MadeSession
from tests.operations.performing import RecordingPublisher

Sees = Callable[[Caller, RevocationId], bool]


@pytest.fixture
def sees(database: Database) -> Sees:
    def ask(caller: Caller, revocation_id: RevocationId) -> bool:
        try:
            with database.session() as db:
                return read_receipt(db, caller, revocation_id=revocation_id).revocation_id == revocation_id
        except NotFound:
            return False

    return ask


@pytest.fixture
def organization(make: Builders) -> MadeOrganization:
    return make.organization()


@pytest.fixture
def member(make: Builders, organization: MadeOrganization) -> MadeSession:
    return make.session(make.member(organization))


@pytest.fixture
def revocation_id(database: Database, organization: MadeOrganization, member: MadeSession) -> RevocationId:
    with database.session() as db:
        return end_account_session(
            db, caller=organization.admin.caller, session_id=member.session_id
        ).revocation_id


def test_who_asked_whose_credential_it_was_and_admins_in_scope_see_it(
    sees: Sees,
    revocation_id: RevocationId,
    make: Builders,
    organization: MadeOrganization,
    member: MadeSession,
):
    assert sees(organization.admin.caller, revocation_id)
    assert sees(member.caller, revocation_id)
    assert sees(make.session(make.account(is_global_admin=True)).caller, revocation_id)


def test_for_strangers_colleagues_and_other_organizations_admins_it_is_unknown(
    database: Database,
    sees: Sees,
    revocation_id: RevocationId,
    make: Builders,
    organization: MadeOrganization,
):
    for caller in (
        make.session().caller,
        make.session(make.member(organization)).caller,
        make.organization().admin.caller,
    ):
        assert not sees(caller, revocation_id)
        with pytest.raises(NotFound) as foreign, database.session() as db:
            read_receipt(db, caller, revocation_id=revocation_id)
        with pytest.raises(NotFound) as unknown, database.session() as db:
            read_receipt(db, caller, revocation_id=RevocationId(uuid7()))
        assert str(foreign.value) == str(unknown.value)


def test_a_support_session_sees_its_organizations_grants_and_not_its_members_sessions(
    database: Database,
    sees: Sees,
    revocation_id: RevocationId,
    make: Builders,
    organization: MadeOrganization,
):
    admin = make.session(make.account(is_global_admin=True))
    other_grant = make.grant(organization)
    make.grant(organization)
    support = make.support_session(organization, admin)
    with database.session() as db:
        grant_end = revoke_support_grant(
            db, caller=organization.admin.caller, org=organization.slug, grant_id=other_grant.grant_id
        ).revocation_id

    assert sees(support.caller, grant_end)
    assert not sees(support.caller, revocation_id)


def test_a_receipt_settles_while_it_is_read_though_there_is_no_beat(
    database: Database,
    publisher: RecordingPublisher,
    revocation_id: RevocationId,
    member: MadeSession,
):
    """B85."""
    perform(database, publisher, revocation_id)
    with database.session() as db:
        assert read_receipt(db, member.caller, revocation_id=revocation_id).is_complete


def test_an_operator_sees_every_receipt_and_no_unknown_one(database: Database, revocation_id: RevocationId):
    with database.session() as db:
        assert read_receipt_as_operator(db, revocation_id).kind == "session_revoke"
    with pytest.raises(NotFound), database.session() as db:
        read_receipt_as_operator(db, RevocationId(uuid7()))
