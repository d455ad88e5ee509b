"""The gate: whether a frame may pass a socket at this very instant (rule R9).

Asked synchronously for each inbound frame directly before dispatch, and for each outbound frame directly before
the write. Timers only tidy up; it is the gate that keeps the promise.
"""

from enum import Enum

from app.sockets.currency import Currency
from app.sockets.entry import Entry

__all__ = ["Passage", "passage"]


class Passage(Enum):
    """PASS: write or dispatch it now. WAIT: hold it and ask again when told. SHUT: it never passes."""

    PASS = "pass"
    WAIT = "wait"
    SHUT = "shut"


def passage(entry: Entry, currency: Currency, now: float) -> Passage:
    """The answer at `now`: admitted, not closing, owing no read, before its deadline, on a node that is current."""
    if entry.closing is not None:
        return Passage.SHUT
    if entry.is_mute or now >= entry.deadline or not currency.lets_pass(now):
        return Passage.WAIT
    return Passage.PASS
