"""Accounts as admins see them: in a list, and one by one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.data.open_sockets import SOCKETS_OF_ACCOUNT
from app.data.organizations import Membership
from app.data.rows import Row, all_rows, one_row
from app.data.scope import ACCOUNT_IN_SCOPE, CALLER_IS_GLOBAL_ADMIN, MEMBER_OF_CALLERS_ORGANIZATION
from app.domain.ids import AccountId, OrgId
from app.domain.paging import Page, PageRequest, Position, page_of

__all__ = ["AccountDetails", "AccountSummary", "find_account", "find_accounts", "find_members"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary:
    """An account as an admin sees it in a list; `sockets` as last reported by the nodes."""

    account_id: AccountId
    email: str
    display_name: str
    is_global_admin: bool
    created_at: datetime
    suspended_at: datetime | None
    deleted_at: datetime | None
    live_sessions: int
    live_tokens: int
    sockets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetails:
    """An account with its stamps, and its roles in the organizations that the asking admin may know of.

    What was issued up to `sessions_ended_at` or `tokens_revoked_at` is dead; the reasons say why.
    """

    summary: AccountSummary
    sessions_ended_at: datetime | None
    sessions_end_reason: str | None
    tokens_revoked_at: datetime | None
    tokens_end_reason: str | None
    signed_out_at: datetime | None
    organizations: tuple[Membership, ...]


def find_accounts(
    db: Connection, *, caller: AccountId, search: str, with_deleted: bool, page: PageRequest
) -> Page[AccountSummary]:
    """Accounts in the caller's scope whose e-mail address or name contains `search`, newest first.

    A Global Admin's scope is everybody, an organization admin's the members of their own organizations. Deleted
    accounts are for Global Admins, and for them only on request.
    """
    where = f"{ACCOUNT_IN_SCOPE} AND {_NOT_DELETED}"
    return _page(db, where, page, caller=caller, search=search, with_deleted=with_deleted)


def find_members(
    db: Connection, *, caller: AccountId, search: str, page: PageRequest
) -> Page[AccountSummary]:
    """The same, of the members of the organizations that the caller is an admin of; for a Global Admin too."""
    where = f"{MEMBER_OF_CALLERS_ORGANIZATION} AND a.deleted_at IS NULL"
    return _page(db, where, page, caller=caller, search=search)


def find_account(db: Connection, account_id: AccountId, *, caller: AccountId) -> AccountDetails | None:
    """That account, if it is in the caller's scope; else None. A deleted one is in the scope of Global Admins only."""
    row = one_row(
        db,
        f"{_SELECT} WHERE a.id = %(account_id)s AND {ACCOUNT_IN_SCOPE} AND {_NOT_DELETED}",
        account_id=account_id,
        caller=caller,
        with_deleted=True,
    )
    if row is None:
        return None
    return AccountDetails(
        summary=_summary(row),
        sessions_ended_at=row["sessions_ended_at"],
        sessions_end_reason=row["sessions_end_reason"],
        tokens_revoked_at=row["tokens_revoked_at"],
        tokens_end_reason=row["tokens_end_reason"],
        signed_out_at=row["signed_out_at"],
        organizations=_memberships_in_scope(db, account_id, caller=caller),
    )


def _page(
    db: Connection, where: str, page: PageRequest, *, search: str, **parameters: Any
) -> Page[AccountSummary]:
    rows = all_rows(
        db,
        f"""
        {_SELECT}
         WHERE (position(%(search)s IN a.email) > 0 OR position(%(search)s IN lower(a.display_name)) > 0)
           AND {where}
           AND (%(after_at)s::timestamptz IS NULL
                OR (a.created_at, a.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
         ORDER BY a.created_at DESC, a.id DESC
         LIMIT %(page_limit)s
        """,
        search=search.strip().lower(),
        **page.parameters,
        **parameters,
    )
    return page_of(rows, page, item=_summary, position=lambda row: Position(row["created_at"], row["id"]))


def _memberships_in_scope(
    db: Connection, account_id: AccountId, *, caller: AccountId
) -> tuple[Membership, ...]:
    rows = all_rows(
        db,
        f"""
        SELECT o.id, o.slug, o.name, r.role
          FROM role_grant r JOIN organization o ON o.id = r.org_id
         WHERE r.account_id = %(account_id)s
           AND ({CALLER_IS_GLOBAL_ADMIN}
                OR EXISTS (SELECT FROM role_grant mine
                            WHERE mine.account_id = %(caller)s AND mine.role = 'admin' AND mine.org_id = o.id))
         ORDER BY o.slug
        """,  # noqa: S608 - what is put in is a constant
        account_id=account_id,
        caller=caller,
    )
    return tuple(
        Membership(org_id=OrgId(row["id"]), slug=row["slug"], name=row["name"], role=row["role"])
        for row in rows
    )


_NOT_DELETED = f"(a.deleted_at IS NULL OR (%(with_deleted)s AND {CALLER_IS_GLOBAL_ADMIN}))"

_SELECT = f"""
SELECT a.*, {SOCKETS_OF_ACCOUNT} AS sockets,
       (SELECT count(*) FROM session s
         WHERE s.account_id = a.id AND s.terminated_at IS NULL AND s.expires_at > statement_timestamp()
           AND s.issued_at > coalesce(a.sessions_ended_at, '-infinity')) AS live_sessions,
       (SELECT count(*) FROM api_token t
         WHERE t.account_id = a.id AND t.revoked_at IS NULL
           AND (t.expires_at IS NULL OR t.expires_at > statement_timestamp())
           AND t.issued_at > coalesce(a.tokens_revoked_at, '-infinity')) AS live_tokens
  FROM account a
"""  # noqa: S608 - a constant


def _summary(row: Row) -> AccountSummary:
    return AccountSummary(
        account_id=AccountId(row["id"]),
        email=row["email"],
        display_name=row["display_name"],
        is_global_admin=row["is_global_admin"],
        created_at=row["created_at"],
        suspended_at=row["suspended_at"],
        deleted_at=row["deleted_at"],
        live_sessions=row["live_sessions"],
        live_tokens=row["live_tokens"],
        sockets=row["sockets"],
    )
