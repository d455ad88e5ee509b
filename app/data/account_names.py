"""What to call an account, for somebody who may know it."""

from collections.abc import Collection

from sqlalchemy import Connection

from app.data.rows import all_rows
from app.data.scope import ACCOUNT_KNOWN_TO_CALLER
from app.domain.ids import AccountId

__all__ = ["emails_of"]


def emails_of(db: Connection, account_ids: Collection[str], *, caller: AccountId) -> dict[str, str]:
    """The e-mail addresses of those accounts that are in the caller's scope, their own included, by id; no others.

    Ids are text, as the audit trail has them: what is no id of an account is left out.
    """
    rows = all_rows(
        db,
        f"""
        SELECT a.id::text AS id, a.email FROM account a
         WHERE a.id::text = ANY(%(account_ids)s) AND {ACCOUNT_KNOWN_TO_CALLER}
        """,  # noqa: S608 - what is put in is a constant
        account_ids=list(account_ids),
        caller=caller,
    )
    return {row["id"]: row["email"] for row in rows}
