"""Whether a receipt would look the same as before."""

from uuid import UUID

from sqlalchemy import Connection

from app.domain.caller import Caller
from app.domain.errors import NotFound
from app.domain.ids import RevocationId
from app.domain.permissions import require_no_support_session
from app.operations.read_receipt import read_receipt

__all__ = ["receipt_fingerprint"]


def receipt_fingerprint(db: Connection, *, caller: Caller, argument: str) -> str:
    """A text that stays the same as long as the receipt with that id does; it settles by being asked.

    Raises: NotFound for an unknown receipt, somebody else's, and what is no id; Forbidden in a support session.
    """
    require_no_support_session(caller)
    receipt = read_receipt(db, caller, revocation_id=_id_from(argument))
    unconfirmed = [(each.name, each.is_gone) for each in receipt.unconfirmed]
    outcomes = [
        (each.name, each.closing, each.clean, each.aborted, each.already_gone) for each in receipt.nodes
    ]
    ended = (receipt.sessions_ended, receipt.tokens_ended, receipt.grants_ended)
    return repr((receipt.state, ended, outcomes, unconfirmed, receipt.published_at, receipt.audited_at))


def _id_from(argument: str) -> RevocationId:
    try:
        return RevocationId(UUID(argument))
    except ValueError:
        raise NotFound("revocation") from None
