"""What a node's report stores, what it adds to receipts, and what it is asked to do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.domain.errors import Invalid, Unavailable
from app.domain.ids import RevocationId
from app.operations.end_own_session import end_own_session
from app.operations.leave_node import leave_node
from app.operations.list_nodes import list_nodes
from app.operations.perform import perform
from app.operations.read_receipt import read_receipt_as_operator
from tests.builders import Builders
from tests.lock_waits import wait_until_somebody_waits_for_a_lock
from tests.operations.fleet import ReportingNode, outcome
from tests.operations.performing import Facts, RecordingPublisher

AT_ONCE = timedelta(0)


def end_a_session(database: Database, make: Builders) -> RevocationId:
    session = make.session()
    with database.session() as db:
        return end_own_session(db, caller=session.caller, session_id=session.session_id).revocation_id


def test_reports_add_up_in_the_receipt_node_by_node(database: Database, facts: Facts, make: Builders):
    """B87."""
    revocation_id = end_a_session(database, make)
    n1, n2 = ReportingNode(facts, "n1"), ReportingNode(facts, "n2")

    n1.report(outcome(revocation_id, closing=3, slowest_s=0.004))
    with database.session() as db:
        under_way = read_receipt_as_operator(db, revocation_id)
    n1.report(outcome(revocation_id, closing=-2, clean=1, aborted=1, slowest_s=0.002))
    n2.report(outcome(revocation_id, closing=1), outcome(revocation_id, closing=-1, already_gone=1))
    with database.session() as db:
        receipt = read_receipt_as_operator(db, revocation_id)

    assert (under_way.closing, under_way.closed) == (3, 0)
    assert under_way.nodes[0].first_closed_at is None
    first, second = receipt.nodes
    assert (first.name, first.closing, first.clean, first.aborted, first.already_gone) == ("n1", 1, 1, 1, 0)
    assert (second.name, second.closing, second.closed, second.slowest_ms) == ("n2", 0, 1, None)
    assert (receipt.closing, receipt.closed, receipt.slowest_ms) == (1, 3, 4.0)
    assert first.first_closed_at is not None
    assert first.last_closed_at is not None
    assert first.first_closed_at <= first.last_closed_at


def test_a_node_is_told_what_nobody_has_performed_in_time(
    database: Database, facts: Facts, make: Builders, publisher: RecordingPublisher
):
    overdue = end_a_session(database, make)
    node = ReportingNode(facts, "n1")

    assert node.report() == ()
    assert node.report(perform_within=AT_ONCE) == (overdue,)
    perform(database, publisher, overdue)
    assert node.report(perform_within=AT_ONCE) == ()


def test_a_node_is_not_told_what_a_performer_has_in_hand_or_what_it_does_not_know(
    database: Database, database_url: str, facts: Facts, make: Builders
):
    in_hand, unknown = end_a_session(database, make), end_a_session(database, make)
    facts.run("UPDATE revocation SET kind = 'session_quarantine' WHERE id = %(id)s", id=unknown)
    node = ReportingNode(facts, "n1")
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM revocation FOR NO KEY UPDATE")
        assert node.report(perform_within=AT_ONCE) == ()

    assert node.report(perform_within=AT_ONCE) == (in_hand,)


def test_a_node_is_told_of_at_most_ten_at_once_the_oldest_first(
    database: Database, facts: Facts, make: Builders
):
    revocations = [end_a_session(database, make) for _ in range(11)]
    told = ReportingNode(facts, "n1").report(perform_within=AT_ONCE)
    assert told == tuple(revocations[:10])


def test_a_locked_row_costs_a_report_a_fraction_of_a_second_and_stores_nothing(
    database_url: str, facts: Facts, database: Database, make: Builders
):
    revocation_id = end_a_session(database, make)
    node = ReportingNode(facts, "n1")
    node.report()
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM node FOR UPDATE")
        before = facts.value("SELECT clock_timestamp()")
        with pytest.raises(Unavailable):
            node.report(outcome(revocation_id, clean=1))
        assert facts.value("SELECT clock_timestamp()") - before < timedelta(seconds=1)
    assert facts.value("SELECT count(*) FROM receipt_node") == 0


def test_a_report_updates_the_row_and_keeps_its_start(facts: Facts):
    node = ReportingNode(facts, "n1")
    node.report(snapshot=None)
    (before,) = facts.rows("SELECT * FROM node")
    node.report()
    (after,) = facts.rows("SELECT *, snapshot::text AS seen FROM node")

    assert before["snapshot"] is None
    assert after["seen"] is not None
    assert after["started_at"] == before["started_at"]
    assert after["seen_at"] > before["seen_at"]


def test_a_late_report_does_not_bring_a_node_back_that_has_left(facts: Facts):
    node = ReportingNode(facts, "n1")
    node.report()
    with facts.database.session() as db:
        leave_node(db, node.node_id)
    node.report(outcome(RevocationId(uuid7()), clean=1))
    assert facts.value("SELECT left_at IS NOT NULL FROM node")


def test_nodes_are_listed_with_what_is_wrong_with_them(facts: Facts, database: Database, make: Builders):
    behind = ReportingNode(facts, "behind")
    behind.report()
    make.session()
    facts.run("UPDATE session SET terminated_at = now()")
    current, silent, elsewhere = (ReportingNode(facts, name) for name in ("current", "silent", "elsewhere"))
    current.report()
    silent.report()
    elsewhere.report(timeline=7)
    facts.run("UPDATE node SET seen_at = seen_at - interval '1 hour' WHERE name = 'silent'")

    with database.session() as db:
        first = list_nodes(db, limit=3)
        second = list_nodes(db, cursor=first.next_cursor, limit=3)

    nodes = {node.name: node for node in (*first.items, *second.items)}
    assert list(nodes) == ["elsewhere", "silent", "current", "behind"]
    assert second.next_cursor is None
    assert {name for name, node in nodes.items() if node.is_behind} == {"behind"}
    assert {name for name, node in nodes.items() if node.is_silent} == {"silent"}
    assert {name for name, node in nodes.items() if not node.is_on_this_cluster} == {"elsewhere"}
    with pytest.raises(Invalid), database.session() as db:
        list_nodes(db, cursor="nonsense")


def test_outcomes_whose_report_comes_again_are_counted_once(facts: Facts):
    revocation_id = RevocationId(uuid7())
    node = ReportingNode(facts, "n1")
    for number in (1, 1, 2):
        node.report(outcome(revocation_id, clean=1), number=number)
    assert facts.value("SELECT clean FROM receipt_node") == 2


def test_a_node_is_told_how_many_live_itself_included(facts: Facts):
    one, silent, gone = (ReportingNode(facts, name) for name in ("one", "silent", "gone"))
    assert one.answer().nodes == 1
    silent.report()
    gone.report()
    assert one.answer().nodes == 3
    facts.run("UPDATE node SET seen_at = seen_at - interval '1 hour' WHERE name = 'silent'")
    with facts.database.session() as db:
        leave_node(db, gone.node_id)
    assert one.answer().nodes == 1


def test_of_two_reports_with_the_same_outcomes_at_once_one_counts(
    database_url: str, facts: Facts, database: Database
):
    """The first is still under way, its answer lost, when the node sends the same again."""
    revocation_id = RevocationId(uuid7())
    node = ReportingNode(facts, "n1")
    node.report()
    with psycopg.connect(database_url) as other:
        other.execute("UPDATE node SET outcomes_of = 1000000")
        with ThreadPoolExecutor(1) as threads:
            again = threads.submit(node.report, outcome(revocation_id, clean=1), number=1_000_000)
            wait_until_somebody_waits_for_a_lock(database)
            other.commit()
            again.result(5)
    assert facts.value("SELECT count(*) FROM receipt_node") == 0
