"""The keys of requests that an earlier revocation answered.

Revision ID: 0007
Revises: 0006
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As the first line says."""
    run_sql_file("0007_answered_requests.sql")


def downgrade() -> None:
    """As it was before."""
    run_sql_file("0007_downgrade.sql")
