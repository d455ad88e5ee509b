"""Looking for receipts."""

from dataclasses import asdict

from sqlalchemy import Connection

from app.data.receipts import RECEIPT_VISIBLE, receipts_from
from app.data.rows import Row, all_rows
from app.data.scope import ACCOUNT_KNOWN_TO_CALLER
from app.domain.ids import AccountId, OrgId
from app.domain.paging import Page, PageRequest, Position, page_of
from app.domain.receipts import Receipt
from app.domain.searching import ReceiptSearch

__all__ = ["find_receipts"]


def find_receipts(
    db: Connection,
    *,
    account_id: AccountId,
    under_grant_of: OrgId | None,
    search: ReceiptSearch,
    page: PageRequest,
) -> Page[Receipt]:
    """The receipts that concern that account and answer the search, newest first, each as last settled.

    An e-mail address finds nothing unless it is one that the account may know.
    """
    rows = all_rows(
        db,
        _SEARCH,
        account_id=account_id,
        caller=account_id,
        under_grant_of=under_grant_of,
        **asdict(search),
        **page.parameters,
    )
    found = page_of(rows, page, item=_same, position=lambda row: Position(row["requested_at"], row["id"]))
    return Page(receipts_from(db, found.items), found.next_cursor)


def _same(row: Row) -> Row:
    return row


_SEARCH = f"""
SELECT r.* FROM revocation r
 WHERE {RECEIPT_VISIBLE}
   AND (%(account)s::text IS NULL OR r.account_id::text = lower(%(account)s)
        OR r.account_id IN (SELECT a.id FROM account a
                             WHERE a.email = lower(%(account)s) AND {ACCOUNT_KNOWN_TO_CALLER}))
   AND (%(actor)s::text IS NULL OR r.requested_by::text = lower(%(actor)s)
        OR r.requested_by IN (SELECT a.id FROM account a
                               WHERE a.email = lower(%(actor)s) AND {ACCOUNT_KNOWN_TO_CALLER}))
   AND (%(kind)s::text IS NULL OR r.kind = %(kind)s)
   AND (%(source)s::text IS NULL OR r.source = %(source)s)
   AND (%(state)s::text IS NULL
        OR CASE WHEN r.confirmed_at IS NOT NULL THEN 'confirmed'
                WHEN r.completed_at IS NOT NULL THEN 'complete'
                WHEN r.performed_at IS NOT NULL THEN 'performed'
                ELSE 'requested' END = %(state)s)
   AND (%(since)s::timestamptz IS NULL OR r.requested_at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR r.requested_at < %(until)s)
   AND (%(after_at)s::timestamptz IS NULL
        OR (r.requested_at, r.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
 ORDER BY r.requested_at DESC, r.id DESC
 LIMIT %(page_limit)s
"""  # noqa: S608 - what is put in are constants
