"""What use was made of support access is written down, now and then rather than for every message."""

from collections.abc import Sequence

from sqlalchemy import Connection

from app.data.support_uses import add_uses
from app.domain.support_use import SupportUse

__all__ = ["record_support_uses"]


def record_support_uses(db: Connection, uses: Sequence[SupportUse]) -> None:
    """The grants and support sessions say how often they were used, when last and by whom.

    To be called once for each use: twice counts twice.
    """
    add_uses(db, uses)
