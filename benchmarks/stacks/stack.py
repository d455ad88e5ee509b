"""What all stacks have in common."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from app.clock import boot_seconds, sleep_seconds
from benchmarks.children import Helper, cpu_seconds

__all__ = ["Guest", "Spent", "Stack"]

CLOSED_WITHIN_S = 60.0
RESTS_WITHIN_S = 20.0
REST_S = 1.0
"""In which a node of ours has polled and reported once."""
RESTING_SHARE = 0.3
"""Of one core, for all its servers together: with ten thousand idle sockets there is some traffic."""


@dataclass(frozen=True, slots=True)
class Guest:
    """An account: by which key its sockets are closed, and with which token they are opened (none: no token is asked for)."""

    key: str
    token: str = ""
    session_id: str = ""


@dataclass(slots=True)
class Spent:
    """What servers have spent, in seconds of CPU; nothing before it has been counted."""

    cpu_s: float = 0.0


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
    database_cpu_s: Callable[[], float] | None = None
    """What the database has spent that its servers ask; None for those that ask none."""

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
        ends, missing = self.ends_so_far(keys, within_s=within_s)
        if missing:
            raise RuntimeError(f"{self.name}: {missing} sockets were not closed")
        return ends

    def ends_so_far(
        self, keys: Sequence[str], *, within_s: float = CLOSED_WITHIN_S
    ) -> tuple[Mapping[str, float], int]:
        """When the last socket of each closed, and how many are open still when the time is over: they are left."""
        answer = self.crowd.ask(ends=list(keys), within_s=within_s)
        return answer["ends"], int(answer["missing"])

    def close_paced(self, keys: Sequence[str], *, interval_s: float) -> Sequence[float]:
        """Of each key, the seconds from asking to its last close; they are asked for in that rhythm."""
        sent = self.sender.ask(close=list(keys), interval_s=interval_s)["sent"]
        ends = self.ends(keys)
        return [ends[key] - sent[key] for key in keys]

    def leave(self) -> None:
        """No socket is left."""
        self.crowd.ask(leave=True)

    def rest(self) -> float:
        """Its servers have done what was left to do, or go on for too long; which share of a core they use at rest."""
        gives_up_at = boot_seconds() + RESTS_WITHIN_S
        while True:
            before, began_at = self.cpu_s(), boot_seconds()
            sleep_seconds(REST_S)
            share = (self.cpu_s() - before) / (boot_seconds() - began_at)
            if share <= RESTING_SHARE or boot_seconds() > gives_up_at:
                return share

    @contextmanager
    def counting(self) -> Iterator[Spent]:
        """What is done in the block costs its servers so much, until they are at rest again, less what they use at rest."""
        spent = Spent()
        resting_share = self.rest()
        before, began_at = self.cpu_s(), boot_seconds()
        yield spent
        self.rest()
        spent.cpu_s = self.cpu_s() - before - resting_share * (boot_seconds() - began_at)

    def cpu_s(self) -> float:
        """Of all its servers."""
        return cpu_seconds(*self.pids)

    def _url(self, number: int, guest: Guest) -> str:
        url = self.urls[number % len(self.urls)]
        return url if guest.token else url + guest.key
