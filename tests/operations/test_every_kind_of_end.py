"""What holds for whatever is ended, and by whomever: all or nothing; commit, publish, audit, in this order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.data.engine import Database
from app.data.support_grants import SupportGrant
from app.domain.errors import Unauthenticated
from app.domain.revocation_request import Requested
from app.domain.targets import Closure
from app.operations.change_password import change_password
from app.operations.delete_account import delete_account
from app.operations.end_account_session import end_account_session
from app.operations.end_all_account_sessions import end_all_account_sessions
from app.operations.end_all_own_sessions import end_all_own_sessions
from app.operations.end_own_session import end_own_session
from app.operations.identify import identify
from app.operations.perform import Performed, perform
from app.operations.request_logout import request_logout
from app.operations.revoke_all_account_tokens import revoke_all_account_tokens
from app.operations.revoke_all_own_api_tokens import revoke_all_own_api_tokens
from app.operations.revoke_own_api_token import revoke_own_api_token
from app.operations.revoke_support_grant import revoke_support_grant
from app.operations.rotate_refresh_token import ReuseFound, rotate_refresh_token
from app.operations.suspend_account import suspend_account
from tests.builders import ADDRESS, PASSWORD_HASH, Builders, MadeOrganization, MadeSession, MadeToken
from tests.operations.performing import NOT_TO_BE_PERFORMED, Facts, RecordingPublisher

NO_LEEWAY = timedelta(0)


@dataclass(frozen=True)
class Scene:
    """An account with two sessions and an API token; a Global Admin with a support session under a grant."""

    mine: MadeSession
    other: MadeSession
    token: MadeToken
    admin: MadeSession
    organization: MadeOrganization
    grant: SupportGrant
    support: MadeSession

    def alive(self, database: Database) -> set[str]:
        """The credentials that prove somebody now, by name."""
        tokens = {
            "mine": self.mine.token,
            "other": self.other.token,
            "token": self.token.token,
            "admin": self.admin.token,
            "support": self.support.token,
        }
        return {name for name, token in tokens.items() if _is_alive(database, token)}


def _is_alive(database: Database, token: str) -> bool:
    try:
        with database.session() as db:
            identify(db, token=token, address=ADDRESS)
    except Unauthenticated:
        return False
    return True


Ask: TypeAlias = Callable[[Connection, Scene], Requested | ReuseFound]
EVERYTHING = {"mine", "other", "token", "admin", "support"}


def by(operation: Any, **of_scene: Callable[[Scene], Any]) -> Ask:
    def ask(db: Connection, scene: Scene) -> Requested:
        requested: Requested = operation(db, **{name: value(scene) for name, value in of_scene.items()})
        return requested

    return ask


def mine(scene: Scene) -> Any:
    return scene.mine.caller


def admin(scene: Scene) -> Any:
    return scene.admin.caller


def account(scene: Scene) -> Any:
    return scene.mine.account_id


def reuse(db: Connection, scene: Scene) -> ReuseFound:
    """The token was consumed before, and comes back."""
    found = rotate_refresh_token(
        db, refresh_token=scene.other.refresh_token, lifetime=timedelta(hours=1), leeway=NO_LEEWAY, address=""
    )
    assert isinstance(found, ReuseFound)
    return found


KINDS: dict[str, tuple[Ask, set[str]]] = {
    "own session": (
        by(end_own_session, caller=mine, session_id=lambda s: s.other.session_id),
        {"other"},
    ),
    "logout": (by(request_logout, caller=mine), {"mine"}),
    "all sessions": (
        by(end_all_own_sessions, caller=mine, except_current=lambda _: False),
        {"mine", "other"},
    ),
    "all but this": (by(end_all_own_sessions, caller=mine, except_current=lambda _: True), {"other"}),
    "token": (
        by(revoke_own_api_token, caller=mine, api_token_id=lambda s: s.token.api_token_id),
        {"token"},
    ),
    "all tokens": (by(revoke_all_own_api_tokens, caller=mine), {"token"}),
    "password": (
        by(
            change_password,
            caller=mine,
            verified_hash=lambda _: PASSWORD_HASH,
            new_hash=lambda _: "another",
        ),
        {"mine", "other", "token"},
    ),
    "reuse": (reuse, {"other"}),
    "admin: session": (
        by(end_account_session, caller=admin, session_id=lambda s: s.other.session_id),
        {"other"},
    ),
    "admin: all sessions": (
        by(end_all_account_sessions, caller=admin, account_id=account),
        {"mine", "other"},
    ),
    "admin: all tokens": (by(revoke_all_account_tokens, caller=admin, account_id=account), {"token"}),
    "suspension": (
        by(suspend_account, caller=admin, account_id=account),
        {"mine", "other", "token"},
    ),
    "deletion": (by(delete_account, caller=admin, account_id=account), {"mine", "other", "token"}),
    "grant": (
        by(
            revoke_support_grant,
            caller=lambda s: s.organization.admin.caller,
            org=lambda s: s.organization.slug,
            grant_id=lambda s: s.grant.grant_id,
        ),
        {"support"},
    ),
}
every_kind = pytest.mark.parametrize(("ask", "ended"), list(KINDS.values()), ids=list(KINDS))


@pytest.fixture
def scene(make: Builders, database: Database) -> Scene:
    account = make.account()
    mine, other = make.session(account), make.session(account)
    organization = make.organization()
    admin = make.session(make.account(is_global_admin=True))
    grant = make.grant(organization)
    with database.session() as db:
        rotate_refresh_token(
            db,
            refresh_token=other.refresh_token,
            lifetime=timedelta(hours=1),
            leeway=NO_LEEWAY,
            address=ADDRESS,
        )
    return Scene(
        mine=mine,
        other=other,
        token=make.api_token(mine),
        admin=admin,
        organization=organization,
        grant=grant,
        support=make.support_session(organization, admin),
    )


def closes(facts: Facts) -> list[Any]:
    return [dict(row) for row in facts.rows("SELECT * FROM closure WHERE action = 'close' ORDER BY seq")]


@every_kind
def test_it_ends_what_it_names_and_nothing_else(
    database: Database, publisher: RecordingPublisher, scene: Scene, ask: Ask, ended: set[str]
):
    with database.session() as db:
        revocation_id = ask(db, scene).revocation_id
    perform(database, publisher, revocation_id)
    assert scene.alive(database) == EVERYTHING - ended


@every_kind
def test_what_the_request_itself_has_ended_comes_with_it_word_for_word(
    database: Database, facts: Facts, scene: Scene, ask: Ask, ended: set[str]
):
    """Whoever committed it may say it at once, and says neither more nor less than the log has of it."""
    before = len(closes(facts))
    with database.session() as db:
        requested = ask(db, scene)
    stamped = requested.stamped.closures if isinstance(requested, Requested) and requested.stamped else ()
    written = closes(facts)[before:]
    assert [
        (
            closure.target.key,
            closure.cause.transaction,
            closure.cause.invalidates,
            closure.cause.revocation_id,
        )
        for closure in stamped
    ] == [
        (row["target_key"], int(row["xact_id"]), frozenset(row["invalidates"]), requested.revocation_id)
        for row in written
    ]
    assert bool(stamped) == (not scene.alive(database) & ended)


@every_kind
def test_a_request_that_is_rolled_back_has_ended_nothing_and_left_nothing(
    database: Database, facts: Facts, scene: Scene, ask: Ask, ended: set[str]
):
    """B33, B51, B74, B257."""
    before = closes(facts)
    with database.engine.connect() as db:
        ask(db, scene)
        db.rollback()
    assert scene.alive(database) >= ended
    assert facts.value("SELECT count(*) FROM revocation") == 0
    assert facts.value("SELECT count(*) FROM audit_event WHERE revocation_id IS NOT NULL") == 0
    assert closes(facts) == before


@every_kind
def test_what_fails_between_the_change_and_the_commit_has_changed_and_said_nothing(
    *,
    database: Database,
    publisher: RecordingPublisher,
    facts: Facts,
    scene: Scene,
    ask: Ask,
    ended: set[str],
):
    """B51, B257: what a stamp has ended with the request itself has been said, and only that."""
    with database.session() as db:
        revocation_id = ask(db, scene).revocation_id
    asked, alive = closes(facts), scene.alive(database)

    facts.run(NOT_TO_BE_PERFORMED)
    with pytest.raises(IntegrityError):
        perform(database, publisher, revocation_id)

    assert scene.alive(database) == alive
    assert closes(facts) == asked
    assert {key for _, key in publisher.targets} == {row["target_key"] for row in asked}
    assert facts.successes(revocation_id) == []

    facts.run("ALTER TABLE revocation DROP CONSTRAINT refuses")
    assert perform(database, publisher, revocation_id) == Performed(
        has_ended_now=True, is_published=True, is_audited=True
    )
    assert not scene.alive(database) & ended


@every_kind
def test_commit_comes_before_publishing_and_publishing_before_the_audit_event(
    database: Database, publisher: RecordingPublisher, facts: Facts, scene: Scene, ask: Ask, ended: set[str]
):
    """B63, B53: what is said is in the log already, and the event is not in the trail yet."""
    with database.session() as db:
        revocation_id = ask(db, scene).revocation_id
    last_seen_alive: list[set[str]] = []

    def look(closures: Sequence[Closure]) -> None:
        logged = {row["target_key"] for row in closes(facts)}
        assert {closure.target.key for closure in closures} <= logged
        assert facts.successes(revocation_id) == []
        last_seen_alive.append(scene.alive(database))

    publisher.before = look
    perform(database, publisher, revocation_id)

    assert last_seen_alive, "something was said"
    assert not last_seen_alive[-1] & ended
    assert len(facts.successes(revocation_id)) == 1
