"""The search can fail: leave a rule out, and it says so."""

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.schedule import run
from tests.simulation.search import first_failure
from tests.simulation.shrink import shrink


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=mutant.name) for mutant in MUTANTS])
def test_a_rule_left_out_is_found_within_twenty_thousand_seeds(mutant) -> None:
    assert first_failure(range(20_000), under=mutant.applied()) is not None


def test_there_are_at_least_twelve_of_them_and_each_is_undone_afterwards() -> None:
    assert len({mutant.name for mutant in MUTANTS}) >= 12
    for mutant in MUTANTS:
        with mutant.applied():
            pass
    assert first_failure(range(30)) is None


def test_a_failure_is_shrunk_to_a_script_that_still_fails() -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == "nobody is spared")
    with mutant.applied():
        found = first_failure(range(1_000))
        assert found is not None
        seed, rule = found
        choices = run(seed).choices
        script = shrink(choices, rule, attempts=300)
        assert run(script=script).violated == rule
    assert sum(map(bool, script)) < sum(map(bool, choices))
