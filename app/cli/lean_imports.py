"""Keeps out of a node what its libraries import only because it is installed, and we never use through them."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Final

__all__ = ["import_leanly", "without_collections"]

UNUSED: Final = (
    ("structlog", ("rich", "greenlet")),
    ("redis", ("opentelemetry",)),
    ("app.asgi", ("pydantic.v1", "yaml")),
)
"""Modules, each with what it does without: tracebacks in color and threads of another kind; metrics of its own; models of
pydantic's first version, after which FastAPI looks at each route, and files in YAML."""


def import_leanly() -> None:
    """A node's modules are imported, and some MiB that their libraries would have brought along are not.

    Whoever else imports those gets them as ever. Nothing happens to what has been imported already.
    """
    with without_collections():
        for module, unused in UNUSED:
            if module not in sys.modules:
                _import_without(module, [name for name in unused if name not in sys.modules])


@contextmanager
def without_collections() -> Iterator[None]:
    """Python's cyclic collector does not run: what is imported stays, and looking through it takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _import_without(module: str, unused: list[str]) -> None:
    # None is the language's own way to say that it is not there.
    sys.modules.update(dict.fromkeys(unused))  # type: ignore[arg-type]
    try:
        import_module(module)
    finally:
        for name in unused:
            del sys.modules[name]
