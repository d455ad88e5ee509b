"""Devices by a name that a person recognizes."""

import pytest

from app.data.device_names import LONGEST_USER_AGENT, device_name, stored_user_agent
from tests.builders import FIREFOX


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Mobile Safari on iOS",
        ),
        ("", ""),
        ("nobody knows this", ""),
    ],
)
def test_a_user_agent_has_a_name(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name


def test_what_is_kept_of_a_user_agent_is_printable_and_short() -> None:
    kept = stored_user_agent("a\0b\nc\ud800" + "x" * 10_000)
    assert kept.startswith("abcx")
    assert len(kept) == LONGEST_USER_AGENT
