"""What a scenario is, what it measured, and the list of all of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults.bounds import ALLOWANCE_S

if TYPE_CHECKING:
    from tests.faults.world import World


@dataclass(slots=True)
class Measured:
    """`worst_s`: the last frame that passed on a socket that had to end, counted from the end of its credential."""

    worst_s: float = 0.0
    survivors: int = 0
    false_closes: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, other: "Measured") -> None:
        self.worst_s = max(self.worst_s, other.worst_s)
        self.survivors += other.survivors
        self.false_closes += other.false_closes
        self.problems += other.problems


Scenario = Callable[["World"], Awaitable[Measured]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`is_long`: takes more than pytest's share of time, so only `make faults` runs it."""

    name: str
    bound_s: float
    scenario: Scenario
    is_long: bool

    def holds(self, measured: Measured) -> bool:
        is_in_time = measured.worst_s <= self.bound_s + ALLOWANCE_S
        return is_in_time and not measured.survivors and not measured.false_closes and not measured.problems


FAULTS: list[Fault] = []


def fault(name: str, *, bound_s: float, is_long: bool = False) -> Callable[[Scenario], Scenario]:
    """The scenario is in the list, under that name and with the bound that the product promises for it."""

    def enlist(scenario: Scenario) -> Scenario:
        FAULTS.append(Fault(name=name, bound_s=bound_s, scenario=scenario, is_long=is_long))
        return scenario

    return enlist


def faults_of(module: str) -> list[Fault]:
    """Those that pytest runs, of one module."""
    return [each for each in FAULTS if each.scenario.__module__ == module and not each.is_long]
