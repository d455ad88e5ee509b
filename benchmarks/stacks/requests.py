"""What people ask for, put on record as a node does it; nobody has performed it yet."""

from uuid import UUID

from app.data.engine import Database
from app.domain.caller import Caller
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, RevocationId, SessionId
from app.operations.end_own_session import end_own_session_at_once
from benchmarks.stacks.stack import Guest

__all__ = ["asked_for"]


def asked_for(database: Database, guest: Guest) -> RevocationId:
    """The guest has asked for the end of its own session."""
    session_id = SessionId(UUID(guest.session_id))
    caller = Caller(
        account_id=AccountId(UUID(guest.key)),
        credential_type=CredentialType.SESSION,
        token_hash=None,
        session_id=session_id,
        api_token_id=None,
        grant=None,
        is_global_admin=False,
        address="192.0.2.1",
    )
    return end_own_session_at_once(database, caller=caller, session_id=session_id).revocation_id
