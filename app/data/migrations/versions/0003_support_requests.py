"""Asking for support access, and telling the organization: its notices and webhooks.

Revision ID: 0003
Revises: 0002
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As the first line says."""
    run_sql_file("0003_support_requests.sql")


def downgrade() -> None:
    """As it was before."""
    run_sql_file("0003_downgrade.sql")
