"""What the exit status of a command means; printed by `cutoff --help`."""

from enum import IntEnum

__all__ = ["ExitStatus"]


class ExitStatus(IntEnum):
    """The same for every command."""

    DONE = 0
    NOT_SO = 1
    CANNOT = 2
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """In words, for the help."""
        return {
            ExitStatus.DONE: "done, and as it should be",
            ExitStatus.NOT_SO: "not found, not confirmed by every node, not agreed to, a scenario or a finding that is wrong",
            ExitStatus.CANNOT: "wrong usage, a wrong setting, a server that does not answer, or nobody there to be asked",
            ExitStatus.INTERRUPTED: "interrupted",
        }[self]
