"""The clock that leases and deadlines are measured by."""

import shutil
import subprocess
import sys
import time

import pytest

from app.clock import boot_seconds

DAY_S = 86_400
HOW_MUCH_LATER = "import time; from app.clock import boot_seconds; print(boot_seconds() - time.clock_gettime(time.CLOCK_MONOTONIC))"
AS_IF_SLEPT = ("unshare", "--user", "--map-root-user", "--time", "--boottime", str(DAY_S), "--fork")


def test_it_never_goes_back():
    readings = [boot_seconds() for _ in range(1_000)]
    assert readings == sorted(readings)


def test_it_went_on_while_the_machine_slept():
    """B151: in a time namespace that has slept for a day; the monotonic clock knows nothing of it."""
    if shutil.which("unshare") is None or not hasattr(time, "CLOCK_BOOTTIME"):
        pytest.skip("no time namespaces here")
    slept = subprocess.run(
        [*AS_IF_SLEPT, sys.executable, "-c", HOW_MUCH_LATER], capture_output=True, text=True, check=False
    )
    if "unshare" in slept.stderr:
        pytest.skip(f"no time namespaces here: {slept.stderr.strip()}")
    awake = boot_seconds() - time.clock_gettime(time.CLOCK_MONOTONIC)
    assert abs(float(slept.stdout) - awake - DAY_S) < 1
