"""Keeps out of a node what its libraries import only because it is installed, and we never use through them."""

import sys
from importlib import import_module
from typing import Final

__all__ = ["import_leanly"]

UNUSED: Final = (("structlog", "rich"), ("redis", "opentelemetry"))
"""Libraries, each with what it does without: tracebacks in color, and metrics of its own."""


def import_leanly() -> None:
    """These libraries are imported, and some MiB that they would have brought along are not.

    Whoever else imports those gets them as ever. Nothing happens to what has been imported already.
    """
    for library, unused in UNUSED:
        if library in sys.modules or unused in sys.modules:
            continue
        # The language's own way to say that it is not there.
        sys.modules[unused] = None  # type: ignore[assignment]
        try:
            import_module(library)
        finally:
            del sys.modules[unused]
