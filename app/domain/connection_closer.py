"""The one capability that a revocation needs of whoever holds sockets."""

from typing import Literal, Protocol

from app.domain.targets import Cause

__all__ = ["ConnectionCloser"]


class ConnectionCloser(Protocol):
    """Closes live sockets by what they depend on.

    Each method is idempotent and returns how many sockets it closed now: 0 when none matched, and 0 when
    called again. Closing is decided before it returns: no frame passes afterwards. `cause` says why; the
    default spares nobody who is attached and takes every type of credential for invalidated.

    Satisfied structurally: by a node's registry, and by any recorder in a test. (Seed: actions/connection_closer.ts.)
    """

    def close_sockets_for_session(
        self, session_token_hash: str, *, cause: Cause | Literal["revoked"] = "revoked"
    ) -> int:
        """Every socket authenticated with the session token of that blake3 hash is closed."""
        ...

    def close_sockets_for_token(
        self, api_token_id: str, *, cause: Cause | Literal["revoked"] = "revoked"
    ) -> int:
        """Every socket authenticated with the API token of that id is closed."""
        ...

    def close_sockets_for_account(
        self, account_id: str, *, cause: Cause | Literal["revoked"] = "revoked"
    ) -> int:
        """Every socket of that account is closed, whatever type of credential it came with."""
        ...
