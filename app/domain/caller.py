"""Who is asking, as proven by one read of their credential."""

from dataclasses import dataclass

from app.domain.credential_state import GrantRecord
from app.domain.credentials import CredentialType
from app.domain.ids import AccountId, ApiTokenId, SessionId, TokenHash

__all__ = ["Caller"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An account and the credential that it came with; `grant` is set in a support session."""

    account_id: AccountId
    credential_type: CredentialType
    token_hash: TokenHash | None
    session_id: SessionId | None
    api_token_id: ApiTokenId | None
    grant: GrantRecord | None
    is_global_admin: bool
    address: str
