"""Says below which span the consequences of a revocation belong."""

from sqlalchemy import Connection

from app.data.revocations import find_trace
from app.domain.ids import RevocationId

__all__ = ["find_trace_of_revocation"]


def find_trace_of_revocation(db: Connection, revocation_id: RevocationId) -> str | None:
    """The `traceparent` of who performed it, or of who asked for it as long as nobody has; None: nobody traces it."""
    return find_trace(db, revocation_id)
