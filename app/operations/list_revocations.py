"""Somebody looks through the receipts that concern them."""

from sqlalchemy import Connection

from app.data.receipt_search import find_receipts
from app.domain.caller import Caller
from app.domain.paging import Page, PageRequest
from app.domain.receipts import Receipt
from app.domain.searching import ReceiptSearch

__all__ = ["list_revocations"]

EVERYTHING = ReceiptSearch()


def list_revocations(
    db: Connection, *, caller: Caller, search: ReceiptSearch = EVERYTHING, page: PageRequest
) -> Page[Receipt]:
    """The receipts that the caller could also read one by one, newest first, each as it was last settled.

    They concern who asked, whose credential it was, an admin of the organization, and Global Admins. In a support
    session only what belongs to the grant's organization, and what the same person asked for, is shown.
    """
    return find_receipts(
        db,
        account_id=caller.account_id,
        under_grant_of=None if caller.grant is None else caller.grant.org_id,
        search=search,
        page=page,
    )
