"""The tables, and the triggers that write the closure log. The SQL stands beside, in files you can read.

Revision ID: 0001
Revises: none
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables and triggers exist."""
    run_sql_file("0001_tables.sql")
    run_sql_file("0001_triggers.sql")


def downgrade() -> None:
    """They are gone, with everything in them."""
    run_sql_file("0001_downgrade.sql")
