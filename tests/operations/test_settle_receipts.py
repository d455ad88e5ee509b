"""When a receipt is confirmed, when complete, and whom it names."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from app.config import StalePolicy
from app.data.engine import Database
from app.domain.errors import Conflict, NotFound
from app.domain.ids import NodeId, RevocationId
from app.domain.receipts import Receipt, ReceiptState
from app.operations.end_own_session import end_own_session
from app.operations.forget_node import forget_node
from app.operations.leave_node import leave_node
from app.operations.perform import perform
from app.operations.prune import prune
from app.operations.read_receipt import read_receipt_as_operator
from app.operations.settle_receipts import settle_receipts
from tests.builders import Builders
from tests.operations.fleet import ReportingNode, names, outcome
from tests.operations.performing import Facts, RecordingPublisher

LEASE = timedelta(seconds=3)


@pytest.fixture
def end_a_session(
    database: Database, publisher: RecordingPublisher, make: Builders
) -> Callable[[], RevocationId]:
    def end() -> RevocationId:
        session = make.session()
        with database.session() as db:
            revocation_id = end_own_session(
                db, caller=session.caller, session_id=session.session_id
            ).revocation_id
        perform(database, publisher, revocation_id)
        return revocation_id

    return end


def read(facts: Facts, revocation_id: RevocationId) -> Receipt:
    with facts.database.session() as db:
        return read_receipt_as_operator(db, revocation_id)


def as_if_first_seen(facts: Facts, revocation_id: RevocationId, ago: timedelta) -> None:
    """Time is an argument: the first look at the commit is moved into the past."""
    facts.run(
        "UPDATE revocation SET first_seen_at = first_seen_at - %(ago)s WHERE id = %(id)s",
        ago=ago,
        id=revocation_id,
    )


def test_a_revocation_that_nobody_has_performed_is_requested(
    facts: Facts, database: Database, make: Builders
):
    session = make.session()
    with database.session() as db:
        requested = end_own_session(db, caller=session.caller, session_id=session.session_id)

    receipt = read(facts, requested.revocation_id)

    assert receipt.state is ReceiptState.REQUESTED
    assert receipt.first_seen_at is None


def test_a_receipt_is_confirmed_when_every_nodes_snapshot_sees_its_transactions(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    """B76."""
    n1, n2 = ReportingNode(facts, "n1"), ReportingNode(facts, "n2")
    n1.report(), n2.report()
    revocation_id = end_a_session()
    n1.report()
    between = read(facts, revocation_id)
    n2.report()

    receipt = read(facts, revocation_id)

    assert (between.state, names(between.unconfirmed)) == (ReceiptState.PERFORMED, ["n2"])
    assert (receipt.state, receipt.is_complete, receipt.unconfirmed) == (ReceiptState.CONFIRMED, True, ())


def test_without_nodes_a_receipt_is_confirmed_at_once(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    receipt = read(facts, end_a_session())
    assert (receipt.state, receipt.closed) == (ReceiptState.CONFIRMED, 0)


def test_a_silent_node_is_named_with_the_end_of_its_lease_and_waited_for_no_longer_than_that(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    """B77, B80."""
    n1, silent = ReportingNode(facts, "n1", lease=LEASE), ReportingNode(facts, "silent", lease=LEASE)
    n1.report(), silent.report()
    revocation_id = end_a_session()
    n1.report()

    receipt = read(facts, revocation_id)
    (named,) = receipt.unconfirmed
    assert receipt.state is ReceiptState.PERFORMED
    assert receipt.first_seen_at is not None
    assert (named.name, named.lease_ends_at) == ("silent", receipt.first_seen_at + LEASE)

    as_if_first_seen(facts, revocation_id, LEASE)
    assert read(facts, revocation_id).state is ReceiptState.PERFORMED, "a margin is left"
    as_if_first_seen(facts, revocation_id, timedelta(seconds=0.6))
    complete = read(facts, revocation_id)
    assert (complete.state, names(complete.unconfirmed)) == (ReceiptState.COMPLETE, ["silent"])
    assert not complete.is_confirmed
    assert (complete.nodes, complete.closed) == ((), 0), "nobody knows how many it has closed"


def test_the_longest_lease_counts(facts: Facts, end_a_session: Callable[[], RevocationId]):
    short, long = ReportingNode(facts, "short", lease=LEASE), ReportingNode(facts, "long", lease=LEASE * 10)
    short.report(), long.report()
    revocation_id = end_a_session()
    read(facts, revocation_id)

    as_if_first_seen(facts, revocation_id, LEASE * 9)
    assert not read(facts, revocation_id).is_complete
    as_if_first_seen(facts, revocation_id, LEASE * 2)
    assert read(facts, revocation_id).is_complete


def test_a_late_report_is_added_to_a_receipt_which_stays_complete(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    """B78."""
    thawed = ReportingNode(facts, "thawed", lease=LEASE)
    thawed.report()
    revocation_id = end_a_session()
    read(facts, revocation_id)
    as_if_first_seen(facts, revocation_id, LEASE * 2)
    completed_at = read(facts, revocation_id).completed_at
    assert completed_at is not None

    thawed.report(outcome(revocation_id, clean=2, slowest_s=9.0))

    late = read(facts, revocation_id)
    assert (late.completed_at, late.closed, late.slowest_ms) == (completed_at, 2, 9000.0)
    assert (late.state, late.unconfirmed) == (ReceiptState.CONFIRMED, ())


def test_a_node_under_serve_is_waited_for_until_it_has_applied_the_log(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    """B84."""
    serving = ReportingNode(facts, "serving", lease=LEASE, policy=StalePolicy.SERVE)
    serving.report()
    revocation_id = end_a_session()
    read(facts, revocation_id)
    as_if_first_seen(facts, revocation_id, timedelta(hours=1))

    receipt = read(facts, revocation_id)
    assert (receipt.state, receipt.unconfirmed[0].lease_ends_at) == (ReceiptState.PERFORMED, None)

    serving.report()
    assert read(facts, revocation_id).state is ReceiptState.CONFIRMED


def test_a_node_that_died_under_serve_is_waited_for_until_its_operator_forgets_it(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    """B79."""
    dead = ReportingNode(facts, "dead", lease=LEASE, policy=StalePolicy.SERVE)
    dead.report()
    revocation_id = end_a_session()
    with pytest.raises(Conflict, match="node_is_alive"), facts.database.session() as db:
        forget_node(db, dead.node_id)
    facts.run("UPDATE node SET seen_at = seen_at - interval '1 day'")
    with facts.database.session() as db:
        prune(db, log_kept=timedelta(0))
    assert not read(facts, revocation_id).is_complete

    with facts.database.session() as db:
        forget_node(db, dead.node_id)

    receipt = read(facts, revocation_id)
    assert receipt.state is ReceiptState.COMPLETE, "complete, and not confirmed: it never answered"
    assert [(node.name, node.is_gone) for node in receipt.unconfirmed] == [("dead", True)]
    with pytest.raises(NotFound), facts.database.session() as db:
        forget_node(db, dead.node_id)


def test_a_killed_nodes_row_is_pruned_and_the_receipt_goes_on_naming_it(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    """B79."""
    killed = ReportingNode(facts, "killed", lease=LEASE)
    killed.report()
    revocation_id = end_a_session()
    facts.run("UPDATE node SET seen_at = seen_at - interval '1 hour'")
    with facts.database.session() as db:
        assert prune(db, log_kept=timedelta(hours=24)).nodes == 1

    waiting = read(facts, revocation_id)
    as_if_first_seen(facts, revocation_id, LEASE * 2)
    facts.run(
        """
        UPDATE revocation SET unconfirmed = jsonb_set(unconfirmed, '{0,lease_ends_at}', to_jsonb(now() - interval '1 s'))
        """
    )
    receipt = read(facts, revocation_id)

    assert waiting.state is ReceiptState.PERFORMED
    assert (receipt.state, names(receipt.unconfirmed)) == (ReceiptState.COMPLETE, ["killed"])


def test_a_node_that_starts_after_the_revocation_is_not_waited_for(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    """B81."""
    revocation_id = end_a_session()
    ReportingNode(facts, "has no baseline yet").report(snapshot=None)
    ReportingNode(facts, "has its baseline").report()

    assert read(facts, revocation_id).state is ReceiptState.CONFIRMED


def test_a_node_that_left_is_not_waited_for(facts: Facts, end_a_session: Callable[[], RevocationId]):
    leaving = ReportingNode(facts, "leaving")
    leaving.report()
    revocation_id = end_a_session()
    assert not read(facts, revocation_id).is_complete

    for _ in range(2):
        with facts.database.session() as db:
            leave_node(db, leaving.node_id)
    assert read(facts, revocation_id).state is ReceiptState.CONFIRMED


def test_a_long_transaction_elsewhere_delays_no_receipt(
    facts: Facts, database_url: str, end_a_session: Callable[[], RevocationId]
):
    """B83."""
    node = ReportingNode(facts, "n1")
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_current_xact_id()")
        revocation_id = end_a_session()
        node.report()
        assert read(facts, revocation_id).state is ReceiptState.CONFIRMED


@pytest.mark.parametrize("elsewhere", [{"system_identifier": "7"}, {"timeline": 7}])
def test_a_snapshot_of_another_cluster_or_timeline_confirms_nothing(
    facts: Facts, end_a_session: Callable[[], RevocationId], elsewhere: dict[str, object]
):
    revocation_id = end_a_session()
    ReportingNode(facts, "n1").report(snapshot="999999:999999:", **elsewhere)
    assert read(facts, revocation_id).state is ReceiptState.PERFORMED


def test_what_a_nodes_snapshot_did_not_see_is_not_confirmed_though_later_numbers_were(
    facts: Facts, database_url: str, end_a_session: Callable[[], RevocationId], make: Builders
):
    """A transaction with a lower number that commits late: a cursor by number would take it for seen."""
    node = ReportingNode(facts, "n1")
    make.session()
    with psycopg.connect(database_url) as other:
        other.execute("UPDATE session SET terminated_at = now()")
        end_a_session()
        node.report()
        other.commit()
    (late,) = facts.rows("SELECT id FROM revocation WHERE source = 'direct'")

    assert read(facts, RevocationId(late["id"])).state is ReceiptState.PERFORMED
    node.report()
    assert read(facts, RevocationId(late["id"])).state is ReceiptState.CONFIRMED


def test_a_sweep_settles_what_nobody_reads_and_then_finds_nothing_more_to_do(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    revocations = {end_a_session() for _ in range(3)}
    with facts.database.session() as db:
        assert settle_receipts(db) == len(revocations)
    with facts.database.session() as db:
        assert settle_receipts(db) == 0
    assert facts.value("SELECT count(*) FROM revocation WHERE confirmed_at IS NOT NULL") == len(revocations)


def test_a_receipt_that_is_locked_is_read_without_waiting(
    facts: Facts, database_url: str, end_a_session: Callable[[], RevocationId]
):
    revocation_id = end_a_session()
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM revocation FOR UPDATE")
        assert read(facts, revocation_id).state is ReceiptState.PERFORMED


def test_a_settler_first_sees_the_commit_after_it_and_never_takes_that_back(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    ReportingNode(facts, "silent", lease=LEASE).report()
    revocation_id = end_a_session()
    first, second = read(facts, revocation_id), read(facts, revocation_id)

    assert first.performed_at is not None
    assert first.first_seen_at is not None
    assert first.first_seen_at >= first.performed_at
    assert second.first_seen_at == first.first_seen_at


def test_after_a_failover_a_complete_receipt_names_nobody_new(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    good, silent = ReportingNode(facts, "good", lease=LEASE), ReportingNode(facts, "silent", lease=LEASE)
    good.report(), silent.report()
    revocation_id = end_a_session()
    good.report()
    read(facts, revocation_id)
    as_if_first_seen(facts, revocation_id, LEASE * 2)
    assert read(facts, revocation_id).is_complete

    good.report(timeline=7)

    assert names(read(facts, revocation_id).unconfirmed) == ["silent"]


def test_a_node_that_is_forgotten_before_anybody_looked_is_named_all_the_same(
    facts: Facts, end_a_session: Callable[[], RevocationId]
):
    dead = ReportingNode(facts, "dead", policy=StalePolicy.SERVE)
    dead.report()
    revocation_id = end_a_session()
    facts.run("UPDATE node SET seen_at = seen_at - interval '1 day'")
    with facts.database.session() as db:
        forget_node(db, dead.node_id)

    receipt = read(facts, revocation_id)
    assert (receipt.state, names(receipt.unconfirmed)) == (ReceiptState.COMPLETE, ["dead"])


def test_forgetting_an_unknown_node_is_refused(database: Database, make: Builders):
    with pytest.raises(NotFound), database.session() as db:
        forget_node(db, NodeId(make.session().session_id))
