"""Revoking by the thousand, as a job.

Revision ID: 0004
Revises: 0003
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As the first line says."""
    run_sql_file("0004_mass_revocations.sql")


def downgrade() -> None:
    """As it was before."""
    run_sql_file("0004_downgrade.sql")
