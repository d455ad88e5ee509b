"""What can go wrong on purpose. Errors carry data; sentences and status codes are made in `app.http`.

They are not frozen: `contextlib` sets the traceback of an error that passes through.
"""

from dataclasses import dataclass

__all__ = [
    "Conflict",
    "CutoffError",
    "Forbidden",
    "GrownSincePlan",
    "Invalid",
    "NotFound",
    "RateLimited",
    "Refused",
    "Unauthenticated",
    "Unavailable",
]


class CutoffError(Exception):
    """The root of everything raised on purpose."""


class Refused(CutoffError):
    """The answer is no, and will be no again."""


@dataclass(eq=False)
class Unauthenticated(Refused):
    """No valid credential; `reason` is a word of `Reason` where a credential was known and is dead."""

    reason: str = "unauthenticated"


@dataclass(eq=False)
class Forbidden(Refused):
    """Known, and not allowed; `needs` names what would have been enough."""

    needs: str


@dataclass(eq=False)
class NotFound(Refused):
    """No such thing in the caller's scope: unknown and foreign ids are indistinguishable."""

    what: str


@dataclass(eq=False)
class Conflict(Refused):
    """The request contradicts the present state; `rule` names the rule that it breaks."""

    rule: str


@dataclass(eq=False)
class GrownSincePlan(Conflict):
    """More would end than whoever starts it has been told: `planned` credentials then, `now` now."""

    planned: int
    now: int


@dataclass(eq=False)
class Invalid(Refused):
    """A value that no state could make acceptable: `field` is where, `rule` what it breaks."""

    field: str
    rule: str


@dataclass(eq=False)
class RateLimited(Refused):
    """Too many attempts; worth trying again after `retry_after_s` seconds."""

    retry_after_s: int


@dataclass(eq=False)
class Unavailable(CutoffError):
    """A dependency (`what`) is down or asks us to try again; a sweep will, where it matters."""

    what: str
