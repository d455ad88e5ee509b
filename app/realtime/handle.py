"""What a node needs of whatever holds an entry: a socket, or an event stream of a page."""

from typing import Protocol

from app.sockets.entry import Entry
from app.sockets.ladder import Outcome

__all__ = ["Handle"]


class Handle(Protocol):
    """The shell of one entry, which refers to it in `handle`."""

    entry: Entry

    def gate_changed(self) -> None:
        """Whoever waits at the gate asks again."""
        ...

    def begin_to_close(self, *, among: int) -> None:
        """The peer is being told, or is reset; bounded by the grace."""
        ...

    def wind_down(self) -> None:
        """What is left to do on this side is done, or comes of itself within the grace."""
        ...

    def abort(self) -> None:
        """The connection is reset."""
        ...

    def outcome(self) -> Outcome:
        """How it went, once the connection is gone."""
        ...
