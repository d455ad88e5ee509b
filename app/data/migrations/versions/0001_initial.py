"""The tables, and the triggers that write the closure log. The SQL stands beside, in files you can read.

Revision ID: 0001
Revises: none
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """The tables and triggers exist."""
    _run("0001_tables.sql")
    _run("0001_triggers.sql")


def downgrade() -> None:
    """They are gone, with everything in them."""
    _run("0001_downgrade.sql")


def _run(file_name: str) -> None:
    """Past SQLAlchemy: a file of several statements needs the simple query protocol."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute((SQL / file_name).read_text())
