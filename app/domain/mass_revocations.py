"""Revoking by the thousand: the job as a value, its states, and what may be done in which."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.errors import Conflict, Invalid
from app.domain.ids import AccountId, ApiTokenId, MassRevocationId, OrgId, RevocationId, SessionId
from app.domain.mass_criteria import MassCriteria, MassWhat

__all__ = [
    "DEFAULT_PACE",
    "MAXIMUM_PACE",
    "MassCount",
    "MassLease",
    "MassRevocation",
    "MassState",
    "MassStep",
    "check_pace",
    "has_grown",
    "step_from",
]

DEFAULT_PACE = 2_000
"""Credentials a second: a crowd of that size signs in again, and a fleet closes it, without anybody noticing."""
MAXIMUM_PACE = 10_000
GROWN_BY_PERCENT = 10


class MassState(StrEnum):
    """How far a mass revocation is; the last two are final."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class MassStep(StrEnum):
    """What a person does to it, besides planning it."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class MassCount:
    """What matches in one moment; sockets as far as the nodes have reported them."""

    accounts: int
    sessions: int
    tokens: int
    sockets: int = 0
    nodes: int = 0

    @property
    def credentials(self) -> int:
        """Sessions and API tokens together."""
        return self.sessions + self.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class MassRevocation:
    """A mass revocation as people see it. `expected` is what matched at its start.

    `stragglers_ended` of what it ended had been missed by its first pass; `left_behind` is what the last pass could
    not end yet, because somebody held it.
    """

    mass_revocation_id: MassRevocationId
    criteria: MassCriteria
    what: MassWhat
    org_id: OrgId | None
    org_slug: str | None
    reason: str
    pace: int
    requested_by: AccountId | None
    requested_from: str
    sparing_session_id: SessionId | None
    sparing_token_id: ApiTokenId | None
    state: MassState
    planned_at: datetime
    planned: MassCount
    started_at: datetime | None
    expected: int
    issued_up_to: datetime | None
    revocation_id: RevocationId | None
    finished_at: datetime | None
    sessions_ended: int
    tokens_ended: int
    stragglers_ended: int
    left_behind: int

    @property
    def ended(self) -> int:
        """Credentials that it has ended so far."""
        return self.sessions_ended + self.tokens_ended

    @property
    def is_over(self) -> bool:
        """Whether nothing more will end by it."""
        return self.state in {MassState.DONE, MassState.CANCELLED}

    @property
    def percent(self) -> int:
        """0 to 100; 100 only when it is done, since the last pass finds what the count could not."""
        if self.state is MassState.DONE:
            return 100
        return min(99, self.ended * 100 // self.expected) if self.expected else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MassLease:
    """Who may go on with which job: good once, for one slice of work."""

    mass_revocation_id: MassRevocationId
    lease: UUID


def has_grown(*, told: int, now: int) -> bool:
    """Whether so many more would end now than somebody was told that they have to be asked again."""
    return now * 100 > told * (100 + GROWN_BY_PERCENT)


def check_pace(pace: int) -> None:
    """Returns for a pace that a job may have. Raises: Invalid."""
    if not 1 <= pace <= MAXIMUM_PACE:
        raise Invalid("pace", f"not_between_1_and_{MAXIMUM_PACE}")


def step_from(state: MassState, step: MassStep) -> MassState | None:
    """The state that the step leads to; None where it is there already, so that twice is once.

    Raises: Conflict where the step makes no sense any more, or not yet.
    """
    if state in _ALREADY[step]:
        return None
    if state not in _FROM[step]:
        raise Conflict(f"mass_revocation_is_{state}")
    return _TO[step]


_FROM: Mapping[MassStep, frozenset[MassState]] = {
    MassStep.START: frozenset({MassState.PLANNED}),
    MassStep.PAUSE: frozenset({MassState.RUNNING}),
    MassStep.RESUME: frozenset({MassState.PAUSED}),
    MassStep.CANCEL: frozenset({MassState.PLANNED, MassState.RUNNING, MassState.PAUSED}),
}
_TO: Mapping[MassStep, MassState] = {
    MassStep.START: MassState.RUNNING,
    MassStep.PAUSE: MassState.PAUSED,
    MassStep.RESUME: MassState.RUNNING,
    MassStep.CANCEL: MassState.CANCELLED,
}
_ALREADY: Mapping[MassStep, frozenset[MassState]] = {
    # A start that comes again finds the job that it began, wherever that is now.
    MassStep.START: frozenset({MassState.RUNNING, MassState.PAUSED, MassState.DONE}),
    MassStep.PAUSE: frozenset({MassState.PAUSED}),
    MassStep.RESUME: frozenset({MassState.RUNNING}),
    MassStep.CANCEL: frozenset({MassState.CANCELLED}),
}
