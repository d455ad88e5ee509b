"""What a credential may be used for, whoever it belongs to."""

from app.domain.caller import Caller
from app.domain.credentials import CredentialType
from app.domain.errors import Forbidden

__all__ = ["require_any_session", "require_global_admin", "require_no_support_session", "require_own_session"]


def require_any_session(caller: Caller) -> None:
    """Returns for a session, a support session included. Raises: Forbidden for any other credential."""
    if caller.credential_type is not CredentialType.SESSION or caller.session_id is None:
        raise Forbidden("session")


def require_no_support_session(caller: Caller) -> None:
    """Returns for everything but a support session, which is good for its organization's messages only."""
    if caller.grant is not None:
        raise Forbidden("session")


def require_own_session(caller: Caller) -> None:
    """Returns for a session that its owner signed in with: only such may touch sessions, tokens and the password.

    Raises: Forbidden for API tokens, the daemon token and support sessions.
    """
    require_any_session(caller)
    require_no_support_session(caller)


def require_global_admin(caller: Caller) -> None:
    """Returns for a Global Admin, outside a support session. Raises: Forbidden for anybody else."""
    require_no_support_session(caller)
    if not caller.is_global_admin:
        raise Forbidden("global_admin")
