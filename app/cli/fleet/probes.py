"""Questions to a child from outside: does it answer, is it ready, has it said so."""

import http.client
from collections.abc import Callable
from pathlib import Path

__all__ = ["answers_at_all", "has_logged", "is_ready"]

PROBE_TIMEOUT_S = 1.0


def answers_at_all(host: str, port: int) -> Callable[[], bool]:
    """Whether the event loop turns: `/livez` gets an answer of any kind."""
    return lambda: _status(host, port, "/livez") is not None


def is_ready(host: str, port: int) -> Callable[[], bool]:
    """Whether the node admits sockets."""
    return lambda: _status(host, port, "/readyz") == http.client.OK


def has_logged(log: Path, words: str) -> Callable[[], bool]:
    """Whether the words are in the log."""
    return lambda: log.exists() and words in log.read_text(errors="replace")


def _status(host: str, port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection(host, port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
