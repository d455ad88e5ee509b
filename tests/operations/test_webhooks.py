"""The outbox: what is due is sent once it is committed, signed, until it is taken or given up."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from app.data.engine import Database
from app.data.webhook_deliveries import Delivery
from app.domain.errors import Forbidden, Invalid, NotFound
from app.domain.webhooks import signature_of
from app.operations.delete_webhook import delete_webhook
from app.operations.deliver_webhook import deliver_webhook
from app.operations.read_webhook import read_webhook
from app.operations.set_webhook import SetWebhook, set_webhook
from tests.builders import Builders, MadeOrganization
from tests.operations.performing import Facts, InThread

URL = "https://hooks.example.com/cutoff"
GIVE_UP_AFTER = timedelta(days=3)


@pytest.fixture
def organization(make: Builders) -> MadeOrganization:
    return make.organization()


def set_one(database: Database, organization: MadeOrganization, url: str = URL, **more: bool) -> SetWebhook:
    return database.transact(
        set_webhook, caller=organization.admin.caller, org=organization.slug, url=url, **more
    )


class Receiver:
    """Remembers what it was sent, and answers with the next of `answers`, then that all is well."""

    def __init__(self, *answers: str | None, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.answers = list(answers)
        self.got: list[Delivery] = []
        self.meanwhile = meanwhile

    def __call__(self, delivery: Delivery) -> str | None:
        self.got.append(delivery)
        self.meanwhile()
        return self.answers.pop(0) if self.answers else None


def deliver(database: Database, receiver: Receiver, *, give_up_after: timedelta = GIVE_UP_AFTER) -> bool:
    return deliver_webhook(database, receiver, give_up_after=give_up_after)


def be_due(facts: Facts) -> None:
    facts.run("UPDATE webhook_delivery SET next_attempt_at = now()")


def test_what_happens_is_delivered_once_and_signed(database, facts, make, organization):
    secret = set_one(database, organization).secret
    grant = make.grant(organization)
    receiver = Receiver()
    assert deliver(database, receiver)
    assert not deliver(database, receiver)
    (got,) = receiver.got
    told = json.loads(got.body)
    assert (told["type"], told["data"]["grant_id"]) == ("support_access.given", str(grant.grant_id))
    assert told["data"]["org_id"] == str(organization.org_id)
    assert got.headers["webhook-id"] == str(facts.value("SELECT id FROM notice"))
    assert abs(int(got.headers["webhook-timestamp"]) - make.now().timestamp()) < 10
    assert secret is not None
    assert got.headers["webhook-signature"] == signature_of(
        [secret],
        message_id=got.headers["webhook-id"],
        timestamp=int(got.headers["webhook-timestamp"]),
        body=got.body,
    )
    assert facts.value("SELECT delivered_at IS NOT NULL FROM webhook_delivery")


def test_without_a_webhook_nothing_waits_and_what_was_before_it_is_not_sent(
    database, facts, make, organization
):
    make.grant(organization)
    assert facts.value("SELECT count(*) FROM webhook_delivery") == 0
    set_one(database, organization)
    assert not deliver(database, Receiver())


def test_what_is_not_taken_comes_again_with_the_same_id_and_body_after_longer_and_longer_pauses(
    database, facts, make, organization
):
    set_one(database, organization)
    make.grant(organization)
    receiver = Receiver("status_500", "timed_out", "status_302")
    pauses = []
    for _ in range(3):
        assert deliver(database, receiver)
        assert not deliver(database, receiver)
        pauses.append(
            facts.value(
                "SELECT extract(epoch FROM next_attempt_at - clock_timestamp()) FROM webhook_delivery"
            )
        )
        be_due(facts)
    assert deliver(database, receiver)
    assert len({(each.headers["webhook-id"], each.body) for each in receiver.got}) == 1
    for pause, expected in zip(pauses, (10, 40, 160), strict=True):
        assert expected * 0.7 < pause <= expected * 1.25
    (row,) = facts.rows(
        "SELECT attempts, last_problem, delivered_at IS NOT NULL AS done FROM webhook_delivery"
    )
    assert tuple(row.values()) == (4, None, True)


def test_whoever_dies_while_sending_leaves_it_to_another_who_sends_it_again(
    database, facts, make, organization
):
    set_one(database, organization)
    make.grant(organization)

    def die() -> None:
        raise KeyboardInterrupt

    first, second = Receiver(meanwhile=die), Receiver()
    with pytest.raises(KeyboardInterrupt):
        deliver(database, first)
    assert not deliver(database, second)
    facts.run("UPDATE webhook_delivery SET next_attempt_at = next_attempt_at - interval '1 minute'")
    assert deliver(database, second)
    assert first.got[0].headers["webhook-id"] == second.got[0].headers["webhook-id"]


def test_several_at_once_send_each_once(database, facts, make, organization):
    set_one(database, organization)
    for _ in range(6):
        make.grant(organization)
    receiver = Receiver()

    def all_of_it() -> None:
        while deliver(database, receiver):
            pass

    for each in [InThread(all_of_it) for _ in range(3)]:
        each.result()
    sent = [each.headers["webhook-id"] for each in receiver.got]
    assert len(sent) == len(set(sent)) == 6


def test_nothing_is_held_in_the_database_while_it_is_sent(database, facts, make, organization):
    set_one(database, organization)
    make.grant(organization)
    held: list[int] = []

    def look() -> None:
        held.append(
            facts.value(
                """
                SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND state ~ 'in transaction' AND pid <> pg_backend_pid()
                """
            )
        )

    deliver(database, Receiver(meanwhile=look))
    assert held == [0]


def test_after_days_it_is_given_up_and_the_trail_says_so(database, facts, make, organization):
    set_one(database, organization)
    make.grant(organization)
    deliver(database, Receiver("not_reachable"))
    be_due(facts)
    facts.run("UPDATE webhook_delivery SET created_at = created_at - interval '3 days'")
    receiver = Receiver()
    assert not deliver(database, receiver)
    assert not deliver(database, receiver)
    assert receiver.got == []
    (event,) = facts.rows("SELECT org_id, outcome, reason FROM audit_event WHERE type = 'webhook_give_up'")
    assert tuple(event.values()) == (str(organization.org_id), "failure", "not_reachable")


def test_a_late_failure_of_an_older_attempt_changes_nothing(database, facts, make, organization):
    set_one(database, organization)
    make.grant(organization)

    def overtaken() -> None:
        be_due(facts)
        deliver(database, Receiver())

    deliver(database, Receiver("timed_out", meanwhile=overtaken))
    assert facts.value("SELECT delivered_at IS NOT NULL AND last_problem IS NULL FROM webhook_delivery")


def test_a_new_address_takes_what_was_waiting_and_keeps_the_secret(database, make, organization):
    set_one(database, organization)
    make.grant(organization)
    moved = set_one(database, organization, "https://elsewhere.example.com/")
    assert moved.secret is None
    receiver = Receiver()
    deliver(database, receiver)
    assert receiver.got[0].url == "https://elsewhere.example.com/"


def test_after_a_rotation_both_secrets_sign_for_a_day_and_then_the_new_one(
    database, facts, make, organization
):
    old = set_one(database, organization).secret
    rotated = set_one(database, organization, rotates_secret=True)
    assert rotated.webhook.previous_secret_until is not None
    assert old is not None
    assert rotated.secret is not None
    assert old != rotated.secret
    receiver = Receiver()
    for expected in ([rotated.secret, old], [rotated.secret]):
        make.grant(organization)
        deliver(database, receiver)
        headers = receiver.got[-1].headers
        assert headers["webhook-signature"] == signature_of(
            expected,
            message_id=headers["webhook-id"],
            timestamp=int(headers["webhook-timestamp"]),
            body=receiver.got[-1].body,
        )
        facts.run("UPDATE webhook SET previous_secret_until = now()")


def test_deleting_it_deletes_what_was_waiting(database, facts, make, organization):
    set_one(database, organization)
    make.grant(organization)
    as_admin = {"caller": organization.admin.caller, "org": organization.slug}
    database.transact(delete_webhook, **as_admin)
    assert facts.value("SELECT count(*) FROM webhook_delivery") == 0
    assert facts.value("SELECT count(*) FROM notice") == 1
    for operation in (read_webhook, delete_webhook):
        with pytest.raises(NotFound):
            database.transact(operation, **as_admin)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://x.example/",
        "https://",
        "https://u:p@x.example/",
        "https://x/ y",
        "",
    ],
)
def test_only_https_will_do(database, organization, url):
    with pytest.raises(Invalid) as refused:
        set_one(database, organization, url)
    assert refused.value.field == "url"


def test_http_will_do_where_that_is_allowed(database, organization):
    assert set_one(database, organization, "http://127.0.0.1:9/", allow_plain=True).secret is not None


def test_the_secret_is_shown_once_and_in_no_event(database, facts, make, organization):
    secret = set_one(database, organization).secret
    assert secret is not None
    shown = database.transact(read_webhook, caller=organization.admin.caller, org=organization.slug)
    assert secret not in repr(shown)
    assert secret not in str(facts.rows("SELECT * FROM audit_event"))
    assert facts.value("SELECT metadata->>'host' FROM audit_event WHERE type = 'webhook_set'") == (
        "hooks.example.com"
    )


def test_a_webhook_is_its_organizations_admins_business(database, make, organization):
    set_one(database, organization)
    strangers = [(make.organization().admin, NotFound), (make.session(), NotFound)]
    for caller, refusal in [*strangers, (make.session(make.member(organization)), Forbidden)]:
        for operation, more in ((read_webhook, {}), (delete_webhook, {}), (set_webhook, {"url": URL})):
            with pytest.raises(refusal):
                database.transact(operation, caller=caller.caller, org=organization.slug, **more)
