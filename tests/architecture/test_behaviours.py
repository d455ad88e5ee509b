"""The cases that the product must get right are numbered; the docstring of a test names those that it is about."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
OF_EVERY_END = range(1, 88)
"""Ends, their order, their requests and their receipts: none of these cases may lose its last test unnoticed."""
OF_SUPPORT_ACCESS = range(224, 241)


def test_every_case_about_how_something_ends_and_about_support_access_has_a_test_that_names_it():
    named = {
        int(number)
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__).resolve()
        for number in re.findall(r"\bB(\d+)\b", path.read_text())
    }
    assert [number for number in (*OF_EVERY_END, *OF_SUPPORT_ACCESS) if number not in named] == []
