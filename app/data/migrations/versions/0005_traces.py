"""A revocation carries its trace.

Revision ID: 0005
Revises: 0004
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As the first line says."""
    run_sql_file("0005_traces.sql")


def downgrade() -> None:
    """As it was before."""
    run_sql_file("0005_downgrade.sql")
