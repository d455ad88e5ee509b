"""A sign-in that failed is recorded, and counts for the limit."""

from sqlalchemy import Connection

from app.data.sign_in_failures import record_sign_in_failure_event
from app.operations.find_sign_in import FoundSignIn

__all__ = ["record_sign_in_failure"]


def record_sign_in_failure(db: Connection, *, found: FoundSignIn, address: str) -> None:
    """The audit trail has the failure, without what was typed."""
    record_sign_in_failure_event(db, email=found.email, account_id=found.account_id, address=address)
