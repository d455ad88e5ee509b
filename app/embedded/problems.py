"""What the embedded servers say when they cannot, or will not, run."""

from pathlib import Path

from app.domain.errors import CutoffError

__all__ = ["EmbeddedServersRefused", "with_log"]

LOG_TAIL_LINES = 12


class EmbeddedServersRefused(CutoffError):
    """A sentence for the person at the keyboard: why no embedded server runs here, and what to do about it."""


def with_log(sentence: str, log: Path) -> str:
    """The sentence, followed by the last lines that the server wrote."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([sentence, *(f"    {line}" for line in lines[-LOG_TAIL_LINES:])])
