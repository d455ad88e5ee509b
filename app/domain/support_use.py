"""Uses of support access, counted for a while before they are written down."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.ids import AccountId, GrantId, SessionId

__all__ = ["SupportUse", "UseCounter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportUse:
    """How often one support session used its grant since it was last written down, and when last."""

    grant_id: GrantId
    session_id: SessionId
    account_id: AccountId
    used_at: datetime
    times: int = 1


class UseCounter:
    """Adds uses up, a sum for each support session: exact, whatever is taken and given back meanwhile."""

    def __init__(self) -> None:
        self._sums: dict[SessionId, SupportUse] = {}

    def __bool__(self) -> bool:
        return bool(self._sums)

    def add(self, uses: Iterable[SupportUse]) -> None:
        """They are in the sums; also those that were taken before and could not be written."""
        for use in uses:
            before = self._sums.get(use.session_id)
            self._sums[use.session_id] = use if before is None else _sum(before, use)

    def take(self) -> tuple[SupportUse, ...]:
        """The sums so far, which begin anew."""
        taken, self._sums = tuple(self._sums.values()), {}
        return taken


def _sum(one: SupportUse, other: SupportUse) -> SupportUse:
    return replace(one, times=one.times + other.times, used_at=max(one.used_at, other.used_at))
