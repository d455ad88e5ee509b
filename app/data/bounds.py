"""What the server bounds for us: time-outs that hold in every transaction, whatever lies between it and us.

They are given as the start-up parameter `options`. A pooler in transaction mode (PgBouncer) refuses that, or drops it
without a word, and hands out another server connection with every transaction. So each new connection is asked once
whether it ends where it seems to, with the bounds in force; where it does not, each transaction begins with them, in the
message that begins it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg

__all__ = ["Bounds", "is_refusal_of_options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Time-outs by the server's name for them; what is not named stays as the server has it."""

    time_outs: Mapping[str, timedelta]

    @property
    def options(self) -> str:
        """For connecting."""
        return " ".join(f"-c {name}={value}" for name, value in self._values.items())

    @property
    def question(self) -> str:
        """A statement that answers with the server's own process id, and whether all of it is in force."""
        compared = (
            f"current_setting('{name}')::interval = '{value}'::interval"
            for name, value in self._values.items()
            if name in self.time_outs
        )
        return f"SELECT pg_backend_pid(), {' AND '.join(compared)}"

    def are_kept(self, connection: psycopg.BaseConnection[Any]) -> Callable[[int, bool], bool]:
        """Judges the answer to `question`: whether they hold for as long as that connection does.

        A pooler tells its clients process ids of its own making.
        """
        return lambda server_pid, are_in_force: are_in_force and server_pid == connection.info.backend_pid

    def begin(self, how: str = "") -> str:
        """Begins a transaction in which they hold, in one message."""
        local = "".join(f"; SET LOCAL {name} = '{value}'" for name, value in self._values.items())
        return f"BEGIN {how}{local}"

    @property
    def _values(self) -> dict[str, str]:
        return {name: f"{_milliseconds(limit)}ms" for name, limit in self.time_outs.items()} | {
            "timezone": "UTC"
        }


def is_refusal_of_options(error: psycopg.Error) -> bool:
    """Whether whoever we connected to does not take start-up parameters that it does not know."""
    return "startup parameter" in str(error)


def _milliseconds(duration: timedelta) -> int:
    """At least 1: to PostgreSQL, 0 is no limit at all."""
    return max(1, round(duration / timedelta(milliseconds=1)))
