"""Who works at the command line: has the database, and no account behind it."""

from dataclasses import dataclass
from typing import TypeAlias

from app.domain.caller import Caller

__all__ = ["Operator", "Requester"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """May see and do everything; on record, `address` is the command, and there is no account and no credential."""

    address: str
    account_id: None = None
    credential_type: None = None
    session_id: None = None
    api_token_id: None = None


Requester: TypeAlias = Caller | Operator
"""Who asks. Said, never left out: a caller that is missing must not mean an operator."""
