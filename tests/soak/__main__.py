"""`make soak`: ten minutes and ten thousand sockets on two nodes; `make soak SECONDS=60 SOCKETS=1000` is the short one.

Ends with one JSON line; the exit status says whether everything held.
"""

import argparse
import json
import secrets
import sys

from tests.faults.world import running_world
from tests.soak.soak import Pace, soak


def main() -> int:
    options = _options()
    pace = Pace(ending_s=options.ending_every, rotation_s=options.rotation_every, fault_s=options.fault_every)
    with running_world() as world:
        outcome = world.run(
            soak(world, seconds=options.seconds, sockets=options.sockets, pace=pace, seed=options.seed)
        )
    for problem in [*outcome.problems, *outcome.verdict.problems][:20]:
        print(problem, file=sys.stderr)
    print(json.dumps({**outcome.as_json(), "seed": options.seed}))
    return 0 if outcome.holds else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--ending-every", type=float, default=0.5, metavar="S", help="seconds, on average")
    parser.add_argument("--rotation-every", type=float, default=0.3, metavar="S", help="seconds, on average")
    parser.add_argument("--fault-every", type=float, default=4.0, metavar="S", help="seconds between two")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="of the order of events")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
