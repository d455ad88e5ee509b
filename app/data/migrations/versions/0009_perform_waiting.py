"""What waits in a crowd is performed together.

Revision ID: 0009
Revises: 0008
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As the first line says."""
    run_sql_file("0009_perform_waiting.sql")


def downgrade() -> None:
    """As it was before, the older way to perform one included."""
    run_sql_file("0009_downgrade.sql")
    run_sql_file("0008_perform.sql")
