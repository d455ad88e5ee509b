"""Plays a benchmark: its subjects in turn, round for round, each round beginning with another one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.benchmark import OURS, Benchmark, Budget, Figures, Options, Subject
from benchmarks.figures import Spread, rounded
from benchmarks.machine import machine

__all__ = ["Result", "Verdict", "play"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A budget, and what was reached; None where what it is measured against did not run."""

    budget: Budget
    reached: float | None

    @property
    def is_met(self) -> bool | None:
        """None: nobody knows, in this run."""
        if self.reached is None:
            return None
        at_most, at_least = self.budget.at_most, self.budget.at_least
        return (at_most is None or self.reached <= at_most) and (at_least is None or self.reached >= at_least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All rounds of all subjects."""

    benchmark: Benchmark
    rounds: Sequence[Mapping[str, Figures]]

    @property
    def subjects(self) -> Sequence[str]:
        """Ours first, then the baseline."""
        wanted = [OURS, self.benchmark.baseline]
        return sorted(self.rounds[0], key=lambda name: wanted.index(name) if name in wanted else len(wanted))

    def spread(self, subject: str, figure: str) -> Spread | None:
        """Over the rounds; None where the subject has no such figure."""
        values = [each[subject][figure] for each in self.rounds if figure in each.get(subject, {})]
        return Spread.of(values) if values else None

    def ratio(self, subject: str, figure: str, *, against: str, of_figure: str = "") -> float | None:
        """Of the medians."""
        mine, theirs = self.spread(subject, figure), self.spread(against, of_figure or figure)
        return mine.median / theirs.median if mine and theirs and theirs.median else None

    def verdicts(self) -> Sequence[Verdict]:
        """Each budget, held against what was measured."""
        return [Verdict(budget=budget, reached=self._reached(budget)) for budget in self.benchmark.budgets]

    def figures_of(self, subject: str) -> Sequence[str]:
        """In the order in which the subject gave them."""
        return list(self.rounds[0][subject])

    def as_json(self) -> dict[str, Any]:
        """One object, for programs."""
        return {
            "benchmark": self.benchmark.name,
            "summary": self.benchmark.summary,
            "rounds": len(self.rounds),
            "baseline": self.benchmark.baseline or None,
            "subjects": {name: dict(self._figures(name)) for name in self.subjects},
            "budgets": [
                {
                    "budget": verdict.budget.sentence,
                    "reached": None if verdict.reached is None else rounded(verdict.reached),
                    "met": verdict.is_met,
                }
                for verdict in self.verdicts()
            ],
            "machine": machine(),
        }

    def _reached(self, budget: Budget) -> float | None:
        if budget.against is not None:
            return self.ratio(OURS, budget.figure, against=budget.against, of_figure=budget.of_figure)
        spread = self.spread(OURS, budget.figure)
        return None if spread is None else spread.median

    def _figures(self, subject: str) -> Iterator[tuple[str, dict[str, float]]]:
        for figure in self.figures_of(subject):
            spread = self.spread(subject, figure)
            assert spread is not None
            ratio = self.ratio(subject, figure, against=self.benchmark.baseline)
            yield figure, {**spread.as_json(), **({} if ratio is None else {"ratio": rounded(ratio)})}


def play(benchmark: Benchmark, options: Options) -> Result:
    """What came of all rounds. Each subject is at rest while another is measured."""
    with benchmark.subjects(options) as subjects:
        rounds = [
            {subject.name: subject.measure() for subject in _beginning_with(subjects, number)}
            for number in range(options.rounds)
        ]
    return Result(benchmark=benchmark, rounds=rounds)


def _beginning_with(subjects: Sequence[Subject], number: int) -> Iterator[Subject]:
    """Whoever comes first in one round comes last in the next: a machine that warms up favours nobody."""
    start = number % len(subjects)
    yield from subjects[start:]
    yield from subjects[:start]
