"""Shows a receipt to whom it concerns."""

from sqlalchemy import Connection

from app.data.receipts import find_receipt, find_visible_receipt
from app.domain.caller import Caller
from app.domain.errors import NotFound
from app.domain.ids import RevocationId
from app.domain.receipts import Receipt
from app.operations.settle_receipts import settle_receipts

__all__ = ["read_receipt", "read_receipt_as_operator"]


def read_receipt(db: Connection, caller: Caller, *, revocation_id: RevocationId) -> Receipt:
    """The receipt, settled as of now, so that it needs no sweep; cheap enough to be called in a loop.

    It concerns who asked, whose credential it was, an admin of the organization, and Global Admins. In a support
    session only what belongs to the grant's organization, and what the same person asked for, is shown.

    Raises: NotFound, for an unknown one and for somebody else's alike.
    """
    settle_receipts(db, revocation_id)
    receipt = find_visible_receipt(
        db,
        revocation_id,
        account_id=caller.account_id,
        under_grant_of=None if caller.grant is None else caller.grant.org_id,
    )
    return _found(receipt)


def read_receipt_as_operator(db: Connection, revocation_id: RevocationId) -> Receipt:
    """The same for whoever has the database anyway. Raises: NotFound."""
    settle_receipts(db, revocation_id)
    return _found(find_receipt(db, revocation_id))


def _found(receipt: Receipt | None) -> Receipt:
    if receipt is None:
        raise NotFound("revocation")
    return receipt
