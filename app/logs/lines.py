"""How a process logs: one line an event, without local variables, and with nothing that looks like a token of ours."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from app.config import Environment

__all__ = ["set_up_logs", "without_tokens"]

_TOKEN = re.compile(r"(cutoff_(?:session|refresh|api|daemon)_)[A-Za-z0-9_-]{6,}")


def set_up_logs(environment: Environment, **of_process: str) -> None:
    """Events go to stdout: JSON in production, and for people in development. Safe to repeat.

    Each event says also what is the same for all of this process, such as its node's id.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _Added(of_process),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _Rendered(environment),
        ]
    )


def without_tokens(text: str) -> str:
    """The text with each token shortened to its prefix: somebody may put one into a path, or name a request by it."""
    return _TOKEN.sub(r"\1…", text)


class _Added:
    """What every event of the process says; what an event says itself comes first."""

    def __init__(self, of_process: Mapping[str, str]) -> None:
        self._of_process = of_process

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        for name, value in self._of_process.items():
            event.setdefault(name, value)
        return event


class _Rendered:
    """The line of an event."""

    def __init__(self, environment: Environment) -> None:
        is_for_people = environment is Environment.DEVELOPMENT
        self._render = (
            # Its own tracebacks would show local variables, and those hold headers and bodies.
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
            if is_for_people
            else structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
        )

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        return without_tokens(str(self._render(logger, method, event)))
