"""A type for every identifier that crosses a module, so that swapping two of them fails the type check."""

from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)
ApiTokenId = NewType("ApiTokenId", UUID)
ConnectionId = NewType("ConnectionId", UUID)
GrantId = NewType("GrantId", UUID)
MassRevocationId = NewType("MassRevocationId", UUID)
NodeId = NewType("NodeId", UUID)
NoticeId = NewType("NoticeId", UUID)
OrgId = NewType("OrgId", UUID)
RefreshTokenId = NewType("RefreshTokenId", UUID)
RevocationId = NewType("RevocationId", UUID)
SessionId = NewType("SessionId", UUID)
SupportRequestId = NewType("SupportRequestId", UUID)

TokenHash = NewType("TokenHash", str)
"""64 lower-case hex digits: blake3 of a whole token. Never shown to people."""

TransactionId = NewType("TransactionId", int)
"""PostgreSQL's 64-bit transaction id (xid8), which does not wrap around."""
