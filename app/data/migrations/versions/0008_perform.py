"""What ends one thing is performed in one round trip.

Revision ID: 0008
Revises: 0007
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As the first line says."""
    run_sql_file("0008_perform.sql")


def downgrade() -> None:
    """As it was before."""
    run_sql_file("0008_downgrade.sql")
