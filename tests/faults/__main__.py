"""`make faults`: every fault on real processes, and a table of what was promised and what was measured."""

import argparse
import json
import sys

from rich.console import Console
from rich.table import Table

from tests.faults import everything
from tests.faults.fault import Fault, Measured
from tests.faults.playing import play
from tests.faults.world import World, running_world


def main() -> int:
    options = _options()
    chosen = [each for each in everything.FAULTS if options.only in each.name]
    console = Console(stderr=True)
    rows: list[tuple[Fault, Measured]] = []
    with running_world() as world:
        for each in chosen * options.times:
            measured = measure(world, each)
            rows.append((each, measured))
            _tell(each, measured, as_json=options.json, console=console)
    if not options.json:
        Console(width=None if sys.stdout.isatty() else 120).print(_table(rows))
    return 0 if rows and all(each.holds(measured) for each, measured in rows) else 1


def measure(world: World, each: Fault) -> Measured:
    """What happened; a scenario that could not be played counts as a problem."""
    try:
        return play(world, each)
    except Exception as error:  # noqa: BLE001 - the table goes on
        return Measured(problems=[f"{type(error).__name__}: {error}"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--only", default="", help="only faults with this in their name")
    parser.add_argument("--times", type=int, default=1, help="play each so often")
    return parser.parse_args()


def _tell(each: Fault, measured: Measured, *, as_json: bool, console: Console) -> None:
    if as_json:
        row = {
            "fault": each.name,
            "bound_s": each.bound_s,
            "worst_s": round(measured.worst_s, 3),
            "survivors": measured.survivors,
            "false_closes": measured.false_closes,
        }
        print(json.dumps(row), flush=True)
    elif console.is_terminal:
        console.print(f"{each.name}: {measured.worst_s:.3f} s of {each.bound_s:g} s", highlight=False)
    for problem in measured.problems:
        console.print(f"{each.name}: {problem}", style="red", highlight=False, markup=False)


def _table(rows: list[tuple[Fault, Measured]]) -> Table:
    table = Table(
        "fault", "bound", "worst", "survivors", "false closes", "", title="Real faults, real processes"
    )
    for each, measured in rows:
        table.add_row(
            each.name,
            f"{each.bound_s:g} s",
            f"{measured.worst_s:.3f} s",
            str(measured.survivors),
            str(measured.false_closes),
            "holds" if each.holds(measured) else "BROKEN",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
