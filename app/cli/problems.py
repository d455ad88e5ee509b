"""One sentence and one exit status for everything that can go wrong on purpose."""

from dataclasses import dataclass

from app.cli.exit_status import ExitStatus
from app.config import SettingsError
from app.domain.errors import Conflict, CutoffError, Invalid, NotFound, Unavailable

__all__ = ["CommandRefused", "NothingDone", "Problem", "problem_of"]


class CommandRefused(CutoffError):
    """A sentence for the person at the keyboard."""


class NothingDone(CutoffError):
    """The person at the keyboard said no."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is printed, and how the process ends."""

    sentence: str
    status: ExitStatus


def problem_of(error: Exception) -> Problem | None:
    """What to tell; None for what nobody raised on purpose, which is a bug and deserves its traceback."""
    match error:
        case NotFound(what=what):
            return Problem(f"There is no such {what.replace('_', ' ')}.", ExitStatus.NOT_SO)
        case Conflict(rule=rule):
            return Problem(f"Refused: {rule.replace('_', ' ')}.", ExitStatus.NOT_SO)
        case Invalid(field=field, rule=rule):
            return Problem(f"{field}: {rule.replace('_', ' ')}.", ExitStatus.CANNOT)
        case Unavailable(what=what):
            return Problem(_unavailable(what), ExitStatus.CANNOT)
        case SettingsError() | CutoffError():
            is_no = isinstance(error, NothingDone)
            return Problem(str(error), ExitStatus.NOT_SO if is_no else ExitStatus.CANNOT)
        case _:
            return None


def _unavailable(what: str) -> str:
    variable = {"database": "DATABASE_URL", "redis": "REDIS_URL", "broker": "CELERY_BROKER_URL"}.get(what)
    return f"The {what} does not answer{f': is {variable} right' if variable else ''}?"
