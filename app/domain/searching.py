"""What people look for in receipts and in the audit trail. A field that is None leaves that question open."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.receipts import ReceiptState

__all__ = ["ReceiptSearch", "TrailSearch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSearch:
    """Which receipts. `account` (whose credential it was) and `actor` (who asked) are ids or e-mail addresses.

    `since` is included, `until` is not.
    """

    account: str | None = None
    actor: str | None = None
    kind: str | None = None
    source: str | None = None
    state: ReceiptState | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailSearch:
    """Which audit events. `account` (whom it happened to) and `actor` (who did it) are ids or e-mail addresses.

    `text` is looked for, in either case, in type, reason, address, details and in every id. `since` is included,
    `until` is not.
    """

    type: str | None = None
    outcome: str | None = None
    account: str | None = None
    actor: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
