"""`cutoff bench`: starts the repository's benchmarks, which are not part of an installed package."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import app
from app.cli.problems import CommandRefused

__all__ = ["run_benchmarks"]

REPOSITORY = Path(app.__file__).resolve().parent.parent


def run_benchmarks(words: Sequence[str], *, repository: Path = REPOSITORY) -> int:
    """The status with which they ended; what they print goes where ours does.

    Raises: CommandRefused where this is not a checkout of the repository.
    """
    if not (repository / "benchmarks" / "__main__.py").exists():
        raise CommandRefused(
            "The benchmarks are in the repository, not in the installed package: run `cutoff bench` in a checkout."
        )
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], cwd=repository, check=False
    ).returncode
