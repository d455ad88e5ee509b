"""`cutoff bench` is a way into the repository's benchmarks, and says so where there is no repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.bench import run_benchmarks
from app.cli.exit_status import ExitStatus
from app.cli.problems import CommandRefused


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", "bench", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_list_says_which_benchmarks_there_are():
    ran = bench("--list")
    assert ran.returncode == ExitStatus.DONE, ran.stderr
    assert "publish-to-close" in ran.stdout


def test_a_benchmark_that_does_not_exist_is_refused_with_the_names_of_those_that_do():
    ran = bench("telepathy")
    assert ran.returncode == ExitStatus.CANNOT
    assert "There is no benchmark telepathy" in ran.stderr
    assert "publish-to-close" in ran.stderr


def test_an_installed_package_says_where_its_benchmarks_are(tmp_path: Path):
    with pytest.raises(CommandRefused, match="in the repository, not in the installed package"):
        run_benchmarks(["--list"], repository=tmp_path)
