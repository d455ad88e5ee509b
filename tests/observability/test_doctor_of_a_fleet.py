"""`cutoff doctor` on a fleet that is well."""

import json
import subprocess
import sys

from tests.observability.conftest import Watched, until


def test_a_fleet_that_is_well_is_found_well_with_status_0(watched: Watched):
    def examined() -> dict[str, object] | None:
        """A worker's warm-up on a busy machine may make a receipt old; that passes."""
        ended = subprocess.run(
            [sys.executable, "-m", "app.cli.main", "doctor", "--json"],
            env=watched.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.stderr == ""
        return json.loads(ended.stdout) if ended.returncode == 0 else None

    told = until(examined)
    verdicts = {each["check"]: each["verdict"] for each in told["findings"]}
    for check in (
        "worker",
        "beat",
        "node node-1",
        "node node-2",
        "doorbell",
        "triggers",
        "receipts",
        "bus_key",
    ):
        assert verdicts[check] == "ok", told
    # A laptop's PostgreSQL may be fast rather than durable, and says so; cookies here go over plain HTTP.
    assert {check for check, verdict in verdicts.items() if verdict != "ok"} <= {
        "durable",
        "cookie_secure",
        "synchronous_commit",
    }
