"""`python -m tests.simulation 20000` searches; `python -m tests.simulation --seed 17` replays one, told step by step."""

import argparse
import json
import sys

from tests.simulation.schedule import Outcome, run
from tests.simulation.search import Found, search
from tests.simulation.shrink import shrink

SHRUNK_AT_MOST = 3


def main() -> int:
    """Nought if every property held."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("schedules", type=int, nargs="?", default=20_000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seed", type=int, help="replay this one")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _replay(asked.seed)
    found = search(asked.schedules, first_seed=asked.first_seed, on_progress=_progress)
    _tell(found)
    return 1 if found.failures else 0


def _replay(seed: int) -> int:
    outcome = run(seed, journal=True)
    if outcome.violated is None:
        _print_journal(outcome)
        print(f"seed {seed}: every property held")
        return 0
    print(f"seed {seed}: {outcome.what}; shrinking {len(outcome.choices)} choices ...")
    script = shrink(outcome.choices, outcome.violated)
    small = run(script=script, journal=True)
    _print_journal(small)
    print(
        f"{small.what}\nscript of {len(script)} choices, {sum(map(bool, script))} of them not nought: {script}"
    )
    return 1


def _print_journal(outcome: Outcome) -> None:
    for line in outcome.journal or []:
        print(line)


def _progress(found: Found) -> None:
    if found.schedules % 5_000 == 0:
        print(
            f"{found.schedules} schedules, {found.schedules / found.took_s:.0f} a second, "
            f"{len(found.interleavings)} interleavings, {len(found.failures)} violations",
            file=sys.stderr,
        )


def _tell(found: Found) -> None:
    for what, times in sorted(found.seen.items(), key=lambda item: -item[1]):
        print(f"{times:>10}  {what}")
    print(
        f"{len(found.interleavings)} different interleavings of three steps, "
        f"the last new one after {found.last_new_at} schedules"
    )
    for seed, _, what in sorted(found.failures)[:20]:
        print(f"seed {seed}: {what}")
    for seed, rule, _ in sorted(found.failures)[:SHRUNK_AT_MOST]:
        script = shrink(run(seed).choices, rule, attempts=500)
        print(f"seed {seed}, shrunk: {script}")
    print(json.dumps(found.as_json()))


if __name__ == "__main__":
    sys.exit(main())
