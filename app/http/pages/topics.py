"""What a page may watch: topics, and the cheap read by which it is noticed that one has changed.

A topic is a name, or a name and an argument (`receipt:0192f0c4-…`). Each name has a *fingerprint* here: an operation
`f(db, *, caller, argument) -> str` (argument "" for none) that answers the same text as long as the page would look the same. It runs about once
a second for each page that watches, so it reads little: a count and a latest instant. It checks that the caller may
see it, as every operation does, and raises as usual: then the stream is refused, or ends. To add one: write the operation
(`app/operations/<name>_fingerprint.py`) and its line in `FINGERPRINTS`. The stream tells only that something changed;
what it is, the page's fragment asks for itself.
"""

from collections.abc import Callable
from typing import TypeAlias

from app.operations.account_fingerprint import account_fingerprint
from app.operations.fleet_fingerprint import fleet_fingerprint
from app.operations.mass_revocation_fingerprint import mass_revocation_fingerprint
from app.operations.own_sessions_fingerprint import own_sessions_fingerprint
from app.operations.receipt_fingerprint import receipt_fingerprint
from app.operations.support_doors_fingerprint import support_doors_fingerprint
from app.operations.support_fingerprint import support_fingerprint
from app.operations.support_session_fingerprint import support_session_fingerprint

__all__ = ["FINGERPRINTS", "Fingerprint"]

Fingerprint: TypeAlias = Callable[..., str]

FINGERPRINTS: dict[str, Fingerprint] = {
    "account": account_fingerprint,
    "fleet": fleet_fingerprint,
    "mass-revocation": mass_revocation_fingerprint,
    "own-sessions": own_sessions_fingerprint,
    "receipt": receipt_fingerprint,
    "support": support_fingerprint,
    "support-doors": support_doors_fingerprint,
    "support-session": support_session_fingerprint,
}
