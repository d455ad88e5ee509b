"""What nodes tell of their open sockets is stored as told, and read as a sum over the nodes that are heard of."""

from dataclasses import replace
from datetime import timedelta
from time import perf_counter

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app.data.engine import Database
from app.data.rows import all_rows, one_row, run
from app.data.session_repository import SessionRepository
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, NodeId
from app.domain.open_sockets import CensusPart, SocketCount
from app.domain.paging import PageRequest
from app.operations.leave_node import leave_node
from app.operations.list_api_tokens import list_api_tokens
from app.operations.report_open_sockets import report_open_sockets
from tests.builders import Builders, MadeSession, MadeToken
from tests.operations.fleet import ReportingNode
from tests.operations.performing import Facts


@pytest.fixture
def nodes(facts: Facts) -> tuple[ReportingNode, ReportingNode]:
    """Two nodes that have just been heard of."""
    made = (ReportingNode(facts, "n1"), ReportingNode(facts, "n2"))
    for node in made:
        node.report()
    return made


def on_session(session: MadeSession, sockets: int) -> SocketCount:
    return SocketCount(
        credential_type=CredentialType.SESSION,
        credential_id=session.session_id,
        account_id=session.account_id,
        sockets=sockets,
    )


def on_token(token: MadeToken, sockets: int) -> SocketCount:
    return SocketCount(
        credential_type=CredentialType.API_TOKEN,
        credential_id=token.api_token_id,
        account_id=token.account_id,
        sockets=sockets,
    )


def tell(
    database: Database, node: ReportingNode, *counts: SocketCount, round_: int = 1, ends: bool = False
) -> bool:
    part = CensusPart(counts=counts, round=round_, ends_round=ends)
    return database.transact(report_open_sockets, node.node_id, part)


def total(database: Database) -> tuple[int, int]:
    """Sockets, and nodes that have any."""
    query = "SELECT coalesce(sum(sockets), 0)::int AS n, count(DISTINCT node_id)::int AS nodes FROM open_socket_now"
    with database.session() as db:
        row = one_row(db, query)
    assert row is not None
    return row["n"], row["nodes"]


def test_sessions_and_tokens_are_listed_with_their_sockets_on_all_nodes(
    nodes: tuple[ReportingNode, ReportingNode], make: Builders, database: Database
):
    """B268."""
    session, other = make.session(), make.session()
    token = make.api_token(session)
    tell(database, nodes[0], on_session(session, 2), on_token(token, 1), on_session(other, 5))
    tell(database, nodes[1], on_session(session, 3))
    with database.session() as db:
        page = SessionRepository(db).find_active_sessions_by_user(session.account_id, PageRequest())
        tokens = list_api_tokens(db, caller=session.caller, page=PageRequest())
    assert [found.sockets for found in page.items] == [5]
    assert [found.sockets for found in tokens.items] == [1]
    assert total(database) == (11, 2)


def test_telling_again_replaces_and_a_count_of_none_removes(
    nodes: tuple[ReportingNode, ReportingNode], make: Builders, database: Database, db: Connection
):
    session = make.session()
    for sockets in (2, 2, 7):
        tell(database, nodes[0], on_session(session, sockets))
    assert total(database)[0] == 7
    for _ in range(2):
        tell(database, nodes[0], on_session(session, 0))
    assert all_rows(db, "SELECT * FROM open_socket") == []


def test_at_the_end_of_a_round_what_was_not_told_in_it_is_gone(
    nodes: tuple[ReportingNode, ReportingNode], make: Builders, database: Database
):
    kept, lost = make.session(), make.session()
    tell(database, nodes[1], on_session(lost, 1))
    tell(database, nodes[0], on_session(kept, 1), on_session(lost, 1))
    tell(database, nodes[0], on_session(kept, 4), round_=2)
    assert total(database)[0] == 6
    tell(database, nodes[0], round_=2, ends=True)
    assert total(database) == (5, 2)


def test_a_node_that_has_left_or_is_silent_counts_for_nothing(
    facts: Facts, make: Builders, database: Database
):
    """B268."""
    session = make.session()
    left, silent = ReportingNode(facts, "left"), ReportingNode(facts, "silent", lease=timedelta(seconds=30))
    for node in (left, silent):
        node.report()
        tell(database, node, on_session(session, 1))
    assert total(database)[1] == 2
    database.transact(leave_node, left.node_id)
    assert total(database)[1] == 1
    with database.session() as db:
        run(db, "UPDATE node SET seen_at = clock_timestamp() - lease WHERE id = %(id)s", id=silent.node_id)
    assert total(database) == (0, 0)
    silent.report()
    assert total(database)[1] == 1


def test_a_node_without_a_row_or_that_has_left_stores_nothing(
    nodes: tuple[ReportingNode, ReportingNode], make: Builders, database: Database
):
    session = make.session()
    unknown = replace(nodes[0], node_id=NodeId(uuid7()))
    assert not tell(database, unknown, on_session(session, 1))
    database.transact(leave_node, nodes[0].node_id)
    assert not tell(database, nodes[0], on_session(session, 1))
    assert tell(database, nodes[1], on_session(session, 1))
    assert total(database)[1] == 1


def test_what_a_node_told_goes_with_its_row(
    nodes: tuple[ReportingNode, ReportingNode], make: Builders, database: Database, db: Connection
):
    tell(database, nodes[0], on_session(make.session(), 1))
    run(db, "DELETE FROM node WHERE id = %(id)s", id=nodes[0].node_id)
    assert all_rows(db, "SELECT * FROM open_socket") == []


def test_a_node_may_report_and_tell_at_the_same_time(
    nodes: tuple[ReportingNode, ReportingNode], make: Builders, database: Database, db: Connection
):
    """Neither waits for the other's row lock."""
    report_open_sockets(db, nodes[0].node_id, CensusPart(counts=(), round=1, ends_round=True))
    nodes[0].report()


def test_a_thousand_counts_are_one_short_transaction(
    nodes: tuple[ReportingNode, ReportingNode], database: Database
):
    """Some twenty milliseconds; the bound is for a machine that does much else."""
    counts = [
        SocketCount(
            credential_type=CredentialType.SESSION,
            credential_id=uuid7(),
            account_id=AccountId(uuid7()),
            sockets=1,
        )
        for _ in range(1_000)
    ]
    began = perf_counter()
    tell(database, nodes[0], *counts)
    assert perf_counter() - began < 1
    assert total(database)[0] == 1_000


def test_the_table_is_not_logged(db: Connection):
    """It costs no write-ahead log, and a crash empties it: the nodes write it anew."""
    row = one_row(
        db, "SELECT relpersistence::text AS persistence FROM pg_class WHERE relname = 'open_socket'"
    )
    assert row is not None
    assert row["persistence"] == "u"
