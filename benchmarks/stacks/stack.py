"""What all stacks have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.children import Helper, cpu_seconds

__all__ = ["Guest", "Stack"]

CLOSED_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Guest:
    """An account: by which key its sockets are closed, and with which token they are opened (none: no token is asked for)."""

    key: str
    token: str = ""
    session_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Servers that run. `invite` makes that many accounts."""

    name: str
    urls: Sequence[str]
    """Of each server; a key may be appended to it."""
    pids: Sequence[int]
    crowd: Helper
    sender: Helper
    invite: Callable[[int], Sequence[Guest]]
    speaks_socketio: bool = False

    def open(self, guests: Sequence[Guest], *, each: int) -> float:
        """Every guest has so many sockets, over the servers in turn; how many seconds it took.

        Raises: RuntimeError if one could not be opened.
        """
        wanted = [guest for guest in guests for _ in range(each)]
        places = [(guest.key, self._url(number, guest), guest.token) for number, guest in enumerate(wanted)]
        answer = self.crowd.ask(open=places)
        if answer["opened"] < len(places):
            raise RuntimeError(
                f"{self.name}: {answer['opened']} of {len(places)} opened: {answer['failures']}"
            )
        return float(answer["took_s"])

    def ends(self, keys: Sequence[str], *, within_s: float = CLOSED_WITHIN_S) -> Mapping[str, float]:
        """When the last socket of each closed. Raises: RuntimeError if one is open still."""
        answer = self.crowd.ask(ends=list(keys), within_s=within_s)
        if answer["missing"]:
            raise RuntimeError(f"{self.name}: {answer['missing']} sockets were not closed")
        ends: Mapping[str, float] = answer["ends"]
        return ends

    def close_paced(self, keys: Sequence[str], *, interval_s: float) -> Sequence[float]:
        """Of each key, the seconds from asking to its last close; they are asked for in that rhythm."""
        sent = self.sender.ask(close=list(keys), interval_s=interval_s)["sent"]
        ends = self.ends(keys)
        return [ends[key] - sent[key] for key in keys]

    def leave(self) -> None:
        """No socket is left."""
        self.crowd.ask(leave=True)

    def cpu_s(self) -> float:
        """Of all its servers."""
        return cpu_seconds(*self.pids)

    def _url(self, number: int, guest: Guest) -> str:
        url = self.urls[number % len(self.urls)]
        return url if guest.token else url + guest.key
