"""A reader at a terminal: types what a page says, block after block, in an empty folder beside the checkout."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.docs.blocks import ROOT, Block

__all__ = ["Session", "fits"]

COMMAND_WITHIN_S = 60
START_WITHIN_S = 60
STOP_WITHIN_S = 30
PRINTED_WITHIN_S = 10
PLACE = re.compile(r"http://127\.0\.0\.1:(\d+) ")
PRINTED = {
    "PASSWORD": re.compile(r"Their password is (\S+),"),
    "DATABASE_URL": re.compile(r"PostgreSQL +(\S+)"),
    "REDIS_URL": re.compile(r"Redis +(\S+)"),
}
# Afterwards, what was set and where we are is as the block left it; -a: a page need not say `export`.
AROUND = """set -eao pipefail; [ ! -e "$STATE" ] || . "$STATE"
{text}
set +a; {{ export -p; echo cd "'$PWD'"; }} >"$STATE"
"""


class Session:
    """One page's commands share variables, the current folder, and what they have started."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder / "checkout"
        self._folder.mkdir()
        for entry in ROOT.iterdir():
            if entry.name not in {".git", ".venv"}:
                (self._folder / entry.name).symlink_to(entry)
        (self._folder / ".venv").symlink_to(sys.prefix)
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CUTOFF_", "PYTEST_", "DATABASE_", "REDIS_"))
        }
        self._environment = {
            **inherited,
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "STATE": str(folder / "state.sh"),
            "COLUMNS": "120",
            **environment,
        }
        self._started: list[subprocess.Popen[str]] = []
        self._logs: dict[str, Path] = {}
        self._stand_ins: dict[str, str] = {}

    def run(self, block: Block) -> str:
        """What the block's commands print, both ways together; fails the test unless they end with status 0."""
        if block.runs_on is not None:
            return self._start(block, block.runs_on)
        return self._finish(block, ["bash", "-c", AROUND.format(text=self._filled_in(block.text))])

    def program(self, block: Block) -> None:
        """The program of a Python block has ended with status 0; with a title, it is there as a file instead."""
        file = self._folder / (block.title or "program.py")
        file.write_text(self._filled_in(block.text))
        if block.title is None:
            self._finish(block, ["bash", "-c", AROUND.format(text="python program.py")])

    def console(self, block: Block) -> None:
        """Each command after a `$` prints what the block shows after it."""
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            typed = Block(page=block.page, line=block.line, language="sh", title=None, text=command)
            printed = self.run(typed)
            assert fits(expected, printed), f"{block}: `{command}` printed\n{printed}"

    def printed(self, block: Block) -> None:
        """What runs on has printed just that by now, or soon."""
        assert block.printed_by is not None
        log = self._logs[block.printed_by]
        gives_up_at = time.monotonic() + PRINTED_WITHIN_S
        while not fits(block.text, log.read_text()):
            assert time.monotonic() < gives_up_at, f"{block}: `{block.printed_by}` printed\n{log.read_text()}"
            time.sleep(0.05)

    def stop(self) -> None:
        """Whatever the page has started has ended."""
        for process in reversed(self._started):
            process.send_signal(signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _finish(self, block: Block, command: list[str]) -> str:
        finished = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_WITHIN_S,
            check=False,
        )
        assert finished.returncode == 0, f"{block} ended with {finished.returncode}:\n{finished.stdout}"
        return finished.stdout

    def _start(self, block: Block, words: str) -> str:
        log = self._folder / f"line-{block.line}.log"
        command = self._filled_in(block.text).strip()
        with log.open("w") as output:
            process = subprocess.Popen(
                ["bash", "-c", f'[ ! -e "$STATE" ] || . "$STATE"; exec {command}'],
                cwd=self._folder,
                env={**self._environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self._started.append(process)
        self._logs[block.text.strip()] = log
        gives_up_at = time.monotonic() + START_WITHIN_S
        while words not in log.read_text():
            assert process.poll() is None, f"{block} ended with {process.returncode}:\n{log.read_text()}"
            assert time.monotonic() < gives_up_at, f"{block} never said `{words}`:\n{log.read_text()}"
            time.sleep(0.05)
        self._learn(log)
        return log.read_text()

    def _learn(self, log: Path) -> None:
        """Where the nodes of `cutoff up` are, when others have the ports that a page speaks of; and the password."""
        printed = log.read_text()
        for usual, actual in zip(("8000", "8001"), PLACE.findall(printed), strict=False):
            self._stand_ins[f"localhost:{usual}"] = f"127.0.0.1:{actual}"
        for variable, pattern in PRINTED.items():
            if found := pattern.search(printed):
                self._stand_ins[f"{variable}=…"] = f"{variable}={found[1]}"

    def _filled_in(self, text: str) -> str:
        for shown, meant in self._stand_ins.items():
            text = text.replace(shown, meant)
        assert "…" not in text, f"nothing is known to stand for the … in\n{text}"
        return text


def fits(expected: str, printed: str) -> bool:
    """Whether that is what was printed: `…` stands for anything within a line, alone in a line for any lines."""
    lines = ["(?:.*\n)*?" if line.strip() == "…" else _line(line) for line in expected.rstrip().splitlines()]
    return re.fullmatch("".join(lines), f"{printed.rstrip()}\n") is not None


def _line(expected: str) -> str:
    return "[^\n]*".join(re.escape(part) for part in expected.rstrip().split("…")) + " *\n"
