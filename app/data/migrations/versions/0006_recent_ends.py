"""What ended lately is found by its account.

Revision ID: 0006
Revises: 0005
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As the first line says."""
    run_sql_file("0006_recent_ends.sql")


def downgrade() -> None:
    """As it was before."""
    run_sql_file("0006_downgrade.sql")
