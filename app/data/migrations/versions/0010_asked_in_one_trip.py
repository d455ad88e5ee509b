"""A credential is read, and its end is asked for, in one round trip each and by plans that are kept.

Revision ID: 0010
Revises: 0009
"""

from app.data.migrations.sql_file import run_sql_file

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As the first line says."""
    run_sql_file("0010_asked_in_one_trip.sql")


def downgrade() -> None:
    """As it was before."""
    run_sql_file("0010_downgrade.sql")
