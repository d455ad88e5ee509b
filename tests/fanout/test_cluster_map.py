from typing import Any

import pytest

from app.fanout.cluster_map import ClusterMap, redirection_in

ASKED = ("asked", 7000)
ANSWER = [
    [0, 5460, [b"one", 7001, b"id", []], [b"two", 7002, b"id", []]],
    [5461, 5461, [b"three", 7003, b"id", []]],
    [5462, 16000, [b"one", 7001, b"id", []]],
]


def test_each_slot_has_the_first_server_of_its_range_for_its_master() -> None:
    seen = ClusterMap.parse(ANSWER, asked=ASKED)
    assert [seen.owner(slot) for slot in (0, 5460, 5461, 5462, 16_000)] == [
        ("one", 7001),
        ("one", 7001),
        ("three", 7003),
        ("one", 7001),
        ("one", 7001),
    ]
    assert seen.owner(16_001) is None
    assert seen.places == (("one", 7001), ("two", 7002), ("three", 7003))


@pytest.mark.parametrize("host", [b"", None])
def test_a_server_that_does_not_say_where_it_is_is_where_it_was_asked(host: bytes | None) -> None:
    seen = ClusterMap.parse([[0, 1, [host, 7001, b"id"]]], asked=ASKED)
    assert seen.owner(1) == ("asked", 7001)


def test_a_server_without_the_name_that_it_should_have_is_not_asked() -> None:
    seen = ClusterMap.parse([[0, 1, [b"?", 7001, b"id"], [b"two", 7002, b"id"]]], asked=ASKED)
    assert seen.places == (("two", 7002),)


@pytest.mark.parametrize("answer", [None, b"OK", 7, [1], [[]], [[0, 1]], [[0, 1, b"x"]], [["a", "b", []]]])
def test_anything_else_is_no_map(answer: Any) -> None:
    with pytest.raises(ValueError, match="CLUSTER SLOTS"):
        ClusterMap.parse(answer, asked=ASKED)


@pytest.mark.parametrize(
    ("error", "place"),
    [
        ("MOVED 3999 127.0.0.1:6381", ("127.0.0.1", 6381)),
        ("MOVED 3999 ::1:6381", ("::1", 6381)),
        ("MOVED 3999 :6381", None),
        ("MOVED 3999 host:", None),
        ("MOVED", None),
        ("NOPERM no permissions", None),
    ],
)
def test_a_redirection_names_where_the_slot_has_gone(error: str, place: tuple[str, int] | None) -> None:
    assert redirection_in(error) == place
