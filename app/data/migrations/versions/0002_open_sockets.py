"""Which node holds how many sockets on which credential.

Revision ID: 0002
Revises: 0001
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As the first line says."""
    run_sql_file("0002_open_sockets.sql")


def downgrade() -> None:
    """As it was before."""
    run_sql_file("0002_downgrade.sql")
