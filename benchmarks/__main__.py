"""`python -m benchmarks [NAME ...]`, which `cutoff bench` starts: one JSON object and one table a benchmark."""

import argparse
import json
import sys
from collections.abc import Sequence

import structlog
from rich.console import Console

from app.cli.problems import CommandRefused, problem_of
from app.cli.stopping import stopped_by_signals
from benchmarks.benchmark import Benchmark, Options
from benchmarks.cases import ALL
from benchmarks.report import print_table
from benchmarks.running import play
from benchmarks.stacks.installing import NotInstallable, install_peers

NOT_PLAYED = 2


def main(arguments: Sequence[str]) -> int:
    """What the process ends with: 0 if all were played, met or not; 2 if one could not be."""
    asked = _parser().parse_args(arguments)
    if asked.list:
        for benchmark in ALL:
            print(f"{benchmark.name:<24} {benchmark.summary}")
        return 0
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        if asked.peers:
            install_peers()
        with stopped_by_signals():
            return 0 if _play_all(asked) else NOT_PLAYED
    except NotInstallable as missing:
        print(f"cutoff: {missing}", file=sys.stderr)
        return NOT_PLAYED
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        print(f"cutoff: {problem.sentence}", file=sys.stderr)
        return int(problem.status)


def _play_all(asked: argparse.Namespace) -> bool:
    """Whether all came to their end; one that does not keeps no other from being played."""
    all_played = True
    options = Options(rounds=asked.rounds, peers=asked.peers, scale=asked.scale)
    console = Console(stderr=asked.json, width=None if sys.stdout.isatty() else 120, highlight=False)
    for benchmark in _chosen(asked.names):
        print(f"{benchmark.name} ...", file=sys.stderr)
        try:
            result = play(benchmark, options)
        except (RuntimeError, CommandRefused) as error:
            print(f"{benchmark.name} did not come to its end: {error}", file=sys.stderr)
            all_played = False
            continue
        if asked.json:
            print(json.dumps(result.as_json()), flush=True)
        print_table(result, console)
    return all_played


def _chosen(names: Sequence[str]) -> Sequence[Benchmark]:
    known = {benchmark.name: benchmark for benchmark in ALL}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandRefused(f"There is no benchmark {unknown[0]}. There are: {', '.join(known)}.")
    return [known[name] for name in names or known]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cutoff bench", description="Cutoff beside its floor and its peers."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="all, if none is given")
    parser.add_argument("--rounds", type=int, default=3, help="of each, interleaved")
    parser.add_argument(
        "--json", action="store_true", help="an object a line on stdout, the tables on stderr"
    )
    parser.add_argument("--peers", action="store_true", help="Socket.IO, Channels and python-socketio too")
    parser.add_argument("--scale", type=float, default=1.0, help="below 1: smaller, to try it out")
    parser.add_argument("--list", action="store_true", help="say what there is")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
