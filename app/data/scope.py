"""Whom an admin may see and act upon: a Global Admin everybody, an organization's admin its members."""

from sqlalchemy import Connection

from app.data.rows import one_row
from app.domain.caller import Caller
from app.domain.errors import Forbidden, NotFound
from app.domain.ids import AccountId
from app.domain.permissions import require_no_support_session

__all__ = [
    "ACCOUNT_IN_SCOPE",
    "ACCOUNT_KNOWN_TO_CALLER",
    "CALLER_IS_GLOBAL_ADMIN",
    "MEMBER_OF_CALLERS_ORGANIZATION",
    "require_account_in_scope",
    "require_admin",
]

CALLER_IS_GLOBAL_ADMIN = "EXISTS (SELECT FROM account c WHERE c.id = %(caller)s AND c.is_global_admin)"
"""For a WHERE clause, with the parameter `caller`."""

MEMBER_OF_CALLERS_ORGANIZATION = """
EXISTS (SELECT FROM role_grant mine JOIN role_grant theirs USING (org_id)
         WHERE mine.account_id = %(caller)s AND mine.role = 'admin' AND theirs.account_id = a.id)
"""
"""The same: whether the account `a` belongs to an organization that the caller is an admin of."""

ACCOUNT_IN_SCOPE = f"({CALLER_IS_GLOBAL_ADMIN} OR {MEMBER_OF_CALLERS_ORGANIZATION})"
"""For a WHERE clause in which `a` is the account that is acted upon, with the parameter `caller`."""

ACCOUNT_KNOWN_TO_CALLER = f"(a.id = %(caller)s OR {ACCOUNT_IN_SCOPE})"
"""The same with the caller's own account: whose name and e-mail address they may learn."""


def require_admin(db: Connection, caller: Caller) -> None:
    """Returns for a Global Admin, and for whoever is an organization's admin. Raises: Forbidden."""
    require_no_support_session(caller)
    found = one_row(
        db,
        """
        SELECT a.id FROM account a
         WHERE a.id = %(caller)s
           AND (a.is_global_admin
                OR EXISTS (SELECT FROM role_grant r WHERE r.account_id = a.id AND r.role = 'admin'))
        """,
        caller=caller.account_id,
    )
    if found is None:
        raise Forbidden("admin")


def require_account_in_scope(db: Connection, caller: Caller, account_id: AccountId) -> None:
    """Returns for an account that this admin may act upon. Raises: Forbidden, NotFound for unknown and foreign ones."""
    require_admin(db, caller)
    found = one_row(
        db,
        _ACCOUNT + ACCOUNT_IN_SCOPE,
        account_id=account_id,
        caller=caller.account_id,
    )
    if found is None:
        raise NotFound("account")


_ACCOUNT = "SELECT a.id FROM account a WHERE a.id = %(account_id)s AND a.deleted_at IS NULL AND "
