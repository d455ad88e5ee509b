"""`cutoff demo --json`, as a stranger runs it: a whole fleet, and every way in which a credential ends."""

import json
import os
import subprocess
import sys

import pytest

from app.cli.demo.scenarios import SCENARIOS

MEMBERS = ["scenario", "expected_closed", "closed", "wrongly_closed", "code", "p50_ms", "max_ms", "receipt"]
TAIL_INTERVAL_MS = 1_800
RUN_WITHIN_S = 120


@pytest.fixture(scope="module")
def demo():
    """The demo has ended. It brings servers of its own, unless the environment names some."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CUTOFF_")}
    embedded = {name: value for name, value in os.environ.items() if name.startswith("CUTOFF_EMBEDDED_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", "demo", "--json"],
        env={**kept, **embedded},
        capture_output=True,
        text=True,
        timeout=RUN_WITHIN_S,
        check=False,
    )


@pytest.mark.timeout(RUN_WITHIN_S)
def test_the_demo_ends_with_status_0_and_has_nothing_to_complain_of(demo):
    assert (demo.returncode, demo.stderr) == (0, "")


@pytest.mark.timeout(RUN_WITHIN_S)
def test_every_scenario_closes_exactly_the_right_sockets(demo):
    outcomes = [json.loads(line) for line in demo.stdout.splitlines()]
    assert [outcome["scenario"] for outcome in outcomes] == list(SCENARIOS)
    for outcome in outcomes:
        assert list(outcome) == MEMBERS
        assert outcome["closed"] == outcome["expected_closed"] > 0
        assert outcome["wrongly_closed"] == 0
        assert outcome["code"] == 4001 or set(outcome["code"]) == {"4001", "4005"}
        assert outcome["max_ms"] < TAIL_INTERVAL_MS
        assert outcome["receipt"]["state"] == "confirmed"
