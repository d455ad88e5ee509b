"""How a revision runs a file of SQL."""

from pathlib import Path

from alembic import op

__all__ = ["run_sql_file"]

FOLDER = Path(__file__).parent / "sql"


def run_sql_file(name: str) -> None:
    """Every statement of `sql/<name>` has run. Past SQLAlchemy: several at once need the simple query protocol."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute((FOLDER / name).read_text())
