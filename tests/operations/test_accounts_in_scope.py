"""What admins are told about accounts: those in their scope, and no word about others."""

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.domain.errors import Forbidden, NotFound
from app.domain.paging import PageRequest
from app.operations.delete_account import delete_account
from app.operations.list_accounts import list_accounts
from app.operations.list_members import list_members
from app.operations.name_accounts import name_accounts
from app.operations.read_account import read_account
from app.operations.set_role import set_role
from tests.builders import Builders, MadeSession


@pytest.fixture
def global_admin(make: Builders) -> MadeSession:
    return make.session(make.account("ga", is_global_admin=True))


def test_an_account_is_shown_with_what_is_alive_and_the_roles_that_the_admin_may_know_of(
    db: Connection, make: Builders, database: Database, global_admin: MadeSession
) -> None:
    ours, theirs = make.organization("ours"), make.organization("theirs")
    member = make.member(ours)
    with database.session() as writing:
        set_role(writing, account_id=member.account_id, org_id=theirs.org_id, role="admin")
    make.api_token(make.session(member))
    seen = read_account(db, caller=ours.admin.caller, account_id=member.account_id)
    assert (seen.summary.email, seen.summary.live_sessions, seen.summary.live_tokens) == (member.email, 1, 1)
    assert [(each.slug, each.role) for each in seen.organizations] == [("ours", "member")]
    seen = read_account(db, caller=global_admin.caller, account_id=member.account_id)
    assert [each.slug for each in seen.organizations] == ["ours", "theirs"]


def test_a_deleted_account_is_for_global_admins_and_in_lists_only_on_request(
    db: Connection, make: Builders, database: Database, global_admin: MadeSession
) -> None:
    organization = make.organization()
    member = make.member(organization)
    with database.session() as deleting:
        delete_account(deleting, caller=global_admin.caller, account_id=member.account_id)

    def listed(caller: MadeSession, *, with_deleted: bool) -> bool:
        page = list_accounts(
            db, caller=caller.caller, search="member", with_deleted=with_deleted, page=PageRequest()
        )
        return member.account_id in {row.account_id for row in page.items}

    assert read_account(db, caller=global_admin.caller, account_id=member.account_id).summary.deleted_at
    assert listed(global_admin, with_deleted=True)
    assert not listed(global_admin, with_deleted=False)
    assert not listed(organization.admin, with_deleted=True)
    with pytest.raises(NotFound):
        read_account(db, caller=organization.admin.caller, account_id=member.account_id)


def test_members_are_those_of_the_organizations_that_one_is_an_admin_of(
    db: Connection, make: Builders, database: Database, global_admin: MadeSession
) -> None:
    """Also for a Global Admin, whose scope is everybody elsewhere."""
    organization, other = make.organization(), make.organization()
    member, foreign = make.member(organization), make.member(other)

    def members(caller: MadeSession, search: str = "") -> set[object]:
        page = list_members(db, caller=caller.caller, search=search, page=PageRequest())
        return {row.account_id for row in page.items}

    assert members(organization.admin) == {organization.admin.account_id, member.account_id}
    assert members(organization.admin, member.email.upper()) == {member.account_id}
    assert foreign.account_id not in members(organization.admin)
    assert members(global_admin) == set()
    with database.session() as writing:
        set_role(writing, account_id=global_admin.account_id, org_id=other.org_id, role="admin")
    assert foreign.account_id in members(global_admin)
    with pytest.raises(Forbidden):
        list_members(db, caller=make.session(member).caller, page=PageRequest())


def test_a_name_is_told_to_those_in_whose_scope_it_is_and_to_its_owner(
    db: Connection, make: Builders, global_admin: MadeSession
) -> None:
    organization = make.organization()
    member, stranger = make.member(organization), make.account()
    asked = [str(member.account_id), str(stranger.account_id), str(uuid7()), "made up by whoever tried"]
    ours = {str(member.account_id): member.email}
    all_of_them = ours | {str(stranger.account_id): stranger.email}
    assert name_accounts(db, caller=organization.admin.caller, account_ids=asked) == ours
    assert name_accounts(db, caller=make.session(member).caller, account_ids=asked) == ours
    assert name_accounts(db, caller=global_admin.caller, account_ids=asked) == all_of_them


def test_a_support_session_is_told_no_names(
    db: Connection, make: Builders, global_admin: MadeSession
) -> None:
    organization = make.organization()
    make.grant(organization)
    support = make.support_session(organization, global_admin)
    with pytest.raises(Forbidden):
        name_accounts(db, caller=support.caller, account_ids=[str(organization.admin.account_id)])
    with pytest.raises(Forbidden):
        list_members(db, caller=support.caller, page=PageRequest())
