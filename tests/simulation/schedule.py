"""One schedule: a small world, what befalls it, and the properties that must hold while it runs and when it is quiet."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.simulation.befalls import BEFALLS, Befalls
from tests.simulation.beginnings import Beginnings
from tests.simulation.choices import Choices
from tests.simulation.quiet import check_quiet
from tests.simulation.ticks import SECOND
from tests.simulation.world import Violated, World

__all__ = ["Outcome", "run"]

LASTS = 10 * SECOND
RESTLESS = 8 * SECOND
"""For so long things happen; then all faults are over, and everything has to come right."""


@dataclass(slots=True)
class Outcome:
    """What became of a schedule."""

    seed: int
    violated: str | None
    what: str
    sockets: int
    worst: int
    seen: Counter[str]
    interleavings: set[tuple[str, str, str]]
    choices: list[int]
    journal: list[str] | None


def run(seed: int = 0, *, script: Sequence[int] | None = None, journal: bool = False) -> Outcome:
    """The schedule of that seed, or of a script of choices."""
    choices = Choices(seed, script=script)
    world = World(choices)
    world.journal = [] if journal else None
    violated, what = None, ""
    try:
        Schedule(world).run()
    except Violated as violation:
        violated, what = violation.rule, str(violation)
    return Outcome(
        seed=seed,
        violated=violated,
        what=what,
        sockets=world.sockets,
        worst=world.worst,
        seen=world.seen,
        interleavings=world.interleavings,
        choices=choices.made,
        journal=world.journal,
    )


class Schedule:
    """What befalls the world, all drawn beforehand."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._below = world.choices.below
        self._beginnings = Beginnings(world)
        self._befalls = Befalls(world, self._beginnings)

    def run(self) -> None:
        """Raises: Violated."""
        world = self._world
        world.closing_time = RESTLESS
        self._beginnings.found()
        world.database.row_limit = 1_000 if self._below(4) < 3 else 1
        for _ in range(1 + self._below(2)):
            self._beginnings.start_node()
        for _ in range(3 + self._below(12)):
            world.at(self._below(RESTLESS), self._one_of_them())
        world.run(LASTS)
        check_quiet(world)

    def _one_of_them(self) -> Callable[[], None]:
        drawn = self._below(sum(weight for weight, _ in BEFALLS))
        for weight, befall in BEFALLS:
            drawn -= weight
            if drawn < 0:
                return lambda: befall(self._befalls)
        raise AssertionError
