"""A run says what it was played on."""

import os
import platform

from benchmarks.machine import machine


def test_it_names_the_cores_the_interpreter_and_how_fast_that_is():
    told = machine()
    assert (told["cpus"], told["python"]) == (os.cpu_count(), platform.python_version())
    assert float(str(told["python_loop_ms"])) > 1
