"""PostgreSQL's snapshots as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from app.data.rows import one_row
from app.domain.ids import TransactionId
from app.domain.snapshot import Snapshot


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    xmin = draw(st.integers(3, 50))
    xmax = draw(st.integers(xmin, 60))
    running = (
        draw(st.frozensets(st.integers(xmin, max(xmin, xmax - 1)), max_size=8))
        if xmax > xmin
        else frozenset()
    )
    return Snapshot(xmin, xmax, running)


@given(snapshots())
def test_what_is_printed_is_parsed_again(snapshot: Snapshot) -> None:
    assert Snapshot.parse(str(snapshot)) == snapshot


@given(snapshots(), st.integers(1, 70))
def test_a_transaction_is_seen_if_it_was_over(snapshot: Snapshot, transaction: int) -> None:
    was_over = transaction < snapshot.xmax and transaction not in snapshot.in_progress
    assert snapshot.sees(TransactionId(transaction)) is (transaction < snapshot.xmin or was_over)


@pytest.mark.parametrize("text", ["", "1:2", "a:b:c", "1:2:3:4", "1:2:x"])
def test_anything_else_is_no_snapshot(text: str) -> None:
    with pytest.raises(ValueError, match=r"unpack|invalid literal"):
        Snapshot.parse(text)


@pytest.mark.parametrize("text", ["10:20:10,14,15", "10:10:", "5:9:5"])
def test_postgresql_agrees_about_what_a_snapshot_sees(db: Connection, text: str) -> None:
    snapshot = Snapshot.parse(text)
    for transaction in range(1, 25):
        row = one_row(
            db,
            "SELECT pg_visible_in_snapshot(%(xid)s::text::xid8, %(snapshot)s::pg_snapshot) AS sees",
            xid=str(transaction),
            snapshot=text,
        )
        assert row == {"sees": snapshot.sees(TransactionId(transaction))}
