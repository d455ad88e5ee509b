"""What pruning takes, and what it never does."""

from datetime import timedelta

import psycopg
import pytest

from app.config import StalePolicy
from app.data.closure_log import POLL, poll_from, poll_parameters
from app.data.engine import Database
from app.domain.snapshot import Snapshot
from app.operations.leave_node import leave_node
from app.operations.prune import Pruned, prune
from tests.builders import Builders
from tests.operations.fleet import ReportingNode
from tests.operations.performing import Facts

KEPT = timedelta(hours=24)


@pytest.fixture
def old_closure(facts: Facts, make: Builders) -> None:
    make.session()
    facts.run("UPDATE session SET terminated_at = now()")
    facts.run("UPDATE closure SET created_at = created_at - interval '25 hours'")


def pruned(database: Database) -> Pruned:
    with database.session() as db:
        return prune(db, log_kept=KEPT)


def is_cut_off(facts: Facts, last: str) -> bool:
    rows = facts.rows(POLL, **poll_parameters(Snapshot.parse(last), limit=10))
    return poll_from(rows, last=Snapshot.parse(last), limit=10).is_cut_off


def test_an_old_closure_goes_and_a_node_that_missed_it_is_told_to_reconcile(
    database: Database, facts: Facts, make: Builders
):
    """B121."""
    was_away = ReportingNode(facts, "n1").snapshot()
    make.session()
    facts.run("UPDATE session SET terminated_at = now()")
    facts.run("UPDATE closure SET created_at = created_at - interval '25 hours'")
    was_there = ReportingNode(facts, "n2").snapshot()

    assert pruned(database) == Pruned(closures=1, nodes=0)

    assert facts.closures() == []
    assert is_cut_off(facts, was_away)
    assert not is_cut_off(facts, was_there)
    assert pruned(database) == Pruned(closures=0, nodes=0)


def test_a_closure_that_a_live_node_has_not_passed_stays_however_old(
    database: Database, facts: Facts, make: Builders
):
    """B123."""
    node = ReportingNode(facts, "n1")
    node.report()
    make.session()
    facts.run("UPDATE session SET terminated_at = now()")
    facts.run("UPDATE closure SET created_at = created_at - interval '25 hours'")

    assert pruned(database).closures == 0
    node.report()
    assert pruned(database).closures == 1


@pytest.mark.usefixtures("old_closure")
def test_a_closure_within_the_time_that_the_log_is_kept_stays(database: Database, facts: Facts):
    facts.run("UPDATE closure SET created_at = now() - interval '23 hours'")
    assert pruned(database).closures == 0


def test_nothing_is_pruned_past_a_transaction_that_is_still_open(
    database: Database, database_url: str, facts: Facts, make: Builders
):
    """Its own closures, once committed, would lie below the horizon, and every node would reconcile for nothing."""
    make.session()
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_current_xact_id()")
        facts.run("UPDATE session SET terminated_at = now()")
        facts.run("UPDATE closure SET created_at = created_at - interval '25 hours'")
        assert pruned(database).closures == 0
    assert pruned(database).closures == 1


@pytest.mark.usefixtures("old_closure")
def test_a_horizon_that_came_with_a_dump_of_another_cluster_is_put_right(database: Database, facts: Facts):
    facts.run("UPDATE closure_horizon SET pruned_through = '99999999999'")
    facts.run("UPDATE closure SET system_identifier = 7")
    snapshot = ReportingNode(facts, "n1").snapshot()
    assert is_cut_off(facts, snapshot)

    assert pruned(database).closures == 1

    assert not is_cut_off(facts, snapshot)


def test_dead_and_departed_nodes_go_and_those_under_serve_stay(database: Database, facts: Facts):
    nodes = {
        "alive": ReportingNode(facts, "alive"),
        "dead": ReportingNode(facts, "dead", lease=timedelta(seconds=3)),
        "dead with a long lease": ReportingNode(facts, "dead with a long lease", lease=timedelta(hours=1)),
        "serving": ReportingNode(facts, "serving", policy=StalePolicy.SERVE),
        "left": ReportingNode(facts, "left", policy=StalePolicy.SERVE),
    }
    for node in nodes.values():
        node.report()
    with database.session() as db:
        leave_node(db, nodes["left"].node_id)
    facts.run("UPDATE node SET seen_at = seen_at - interval '2 hours' WHERE name <> 'alive'")

    assert pruned(database).nodes == 2
    names = {row["name"] for row in facts.rows("SELECT name FROM node")}
    assert names == {"alive", "dead with a long lease", "serving"}


@pytest.mark.usefixtures("old_closure")
def test_receipts_refresh_tokens_and_events_stay(database: Database, facts: Facts):
    pruned(database)
    assert facts.value("SELECT count(*) FROM revocation") == 1
    assert facts.value("SELECT count(*) FROM refresh_token") == 1
    assert facts.value("SELECT count(*) > 0 FROM audit_event")
