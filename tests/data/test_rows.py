"""Rows by name, and text that PostgreSQL cannot hold."""

import pytest
from sqlalchemy import Connection

from app.data.rows import all_rows, one_row, run
from app.domain.errors import Invalid


def test_rows_come_by_name(db: Connection) -> None:
    assert one_row(db, "SELECT 1 AS a, %(b)s AS b", b="x") == {"a": 1, "b": "x"}
    assert one_row(db, "SELECT 1 AS a WHERE false") is None
    assert [row["n"] for row in all_rows(db, "SELECT n FROM generate_series(1, 3) AS n")] == [1, 2, 3]
    assert all_rows(db, "SELECT '100%%' AS percent") == [{"percent": "100%"}]


def test_the_number_of_changed_rows_is_told(db: Connection) -> None:
    assert run(db, "UPDATE closure_horizon SET pruned_through = '1'") == 1


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800"])
def test_text_that_cannot_be_stored_is_refused_with_its_name(db: Connection, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        one_row(db, "SELECT %(name)s::text AS t", name=text)
    assert refused.value.field == "name"
