"""Keeps out of our processes what libraries import only because it is installed, and we never use through them."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Final

__all__ = ["import_leanly", "import_node", "without_collections"]

UNUSED: Final = (("structlog", ("rich", "greenlet")), ("redis", ("opentelemetry",)))
"""Libraries, each with what it does without: tracebacks in color and threads of another kind; metrics of its own."""
UNUSED_BY_NODES: Final = ("pydantic.v1", "yaml")
"""Models of pydantic's first version, after which FastAPI looks at each route; and files in YAML."""


def import_leanly() -> None:
    """These libraries are imported, and some MiB that they would have brought along are not.

    Whoever else imports those gets them as ever. Nothing happens to what has been imported already.
    """
    for library, unused in UNUSED:
        _import_without(library, unused)


def import_node() -> None:
    """A node's modules are imported, and likewise some MiB are not."""
    with without_collections():
        import_leanly()
        _import_without("app.asgi", UNUSED_BY_NODES)


@contextmanager
def without_collections() -> Iterator[None]:
    """Python's cyclic collector does not run: what is imported stays, and looking through it takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _import_without(module: str, unused: Sequence[str]) -> None:
    if module in sys.modules:
        return
    absent = [name for name in unused if name not in sys.modules]
    # None is the language's own way to say that it is not there.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        import_module(module)
    finally:
        for name in absent:
            del sys.modules[name]
