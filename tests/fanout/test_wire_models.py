from re import Pattern

import msgspec
import pytest

from app.fanout.wire_models import (
    BODY,
    HASH,
    INSTANT,
    SYSTEM_IDENTIFIER,
    TRANSACTION_NUMBER,
    UUID_TEXT,
    WORD,
    CloseBody,
    CloseManyBody,
    RingBody,
)
from tests.fanout.closures import hash_number, id_number


def takes(pattern: Pattern[str], text: str) -> bool:
    return pattern.fullmatch(text) is not None


@pytest.mark.parametrize("good", ["1", "7412345678901234567", "9" * 19])
def test_numbers_are_decimal_and_without_leading_zeros(good: str) -> None:
    assert takes(TRANSACTION_NUMBER, good)
    assert takes(SYSTEM_IDENTIFIER, good)
    assert not takes(TRANSACTION_NUMBER, f"0{good}")
    assert not takes(TRANSACTION_NUMBER, f"{good}\n")
    assert not takes(TRANSACTION_NUMBER, f"-{good}")
    assert not takes(TRANSACTION_NUMBER, "٣")


def test_ids_have_one_spelling() -> None:
    uuid = "0189abcd-0000-7000-8000-00000000000f"
    assert takes(UUID_TEXT, uuid)
    assert takes(UUID_TEXT, id_number(1))
    spellings = (
        uuid.upper(),
        uuid.replace("-", ""),
        f"{{{uuid}}}",
        f"urn:uuid:{uuid}",
        f" {uuid}",
        f"{uuid}\n",
    )
    assert not any(takes(UUID_TEXT, other) for other in spellings)


def test_hashes_have_one_spelling() -> None:
    assert takes(HASH, hash_number(1))
    good = "a" * 64
    assert takes(HASH, good)
    assert not any(takes(HASH, other) for other in (good.upper(), good[1:], f"{good}\n", f"{good}a", "*", ""))


def test_words_are_lower_case_and_short() -> None:
    assert takes(WORD, "account_suspended")
    assert not any(takes(WORD, other) for other in ("", "*", "Session", "a b", "_", "1st", "a" * 65, "a\n"))


def test_instants_have_a_zone() -> None:
    assert takes(INSTANT, "2026-11-20T12:00:00.123456+00:00")
    assert takes(INSTANT, "2026-11-20T12:00:00Z")
    assert not any(
        takes(INSTANT, other) for other in ("2026-11-20T12:00:00", "2026-11-20", "now", "1700000000")
    )


def test_a_body_is_what_its_kind_says_and_what_it_does_not_know_is_ignored() -> None:
    item = '{"action":"close","target":{"kind":"token","key":"k"},"invalidates":[]}'
    head = '"system":"1","more":[{"kind":2}]'
    one = f'{{"closures":[{item}],{head},"transaction":"1","reason":"r","kind":"close"}}'
    why = '"reason":"r","invalidates":[]'
    many = f'{{"kind":"close_many",{head},{why},"causes":[{{}}],"recheck":{{"table":{{"t":[0]}}}}}}'
    assert isinstance(BODY.decode(one), CloseBody)
    assert isinstance(BODY.decode(many), CloseManyBody)
    assert BODY.decode('{"more":1,"kind":"ring"}') == RingBody()


@pytest.mark.parametrize(
    "said",
    [
        '"close":{"table":{"t":[0]}}',
        '"close":{"everything":{"k":[0]}}',
        '"close":{}',
        '"close":null',
        '"close":{"session":["k"]}',
        '"close":{"session":{"k":[]}}',
        '"close":{"session":{"k":0}}',
        '"close":{"session":{"k":["0"]}}',
    ],
)
def test_targets_are_keys_by_their_kind_and_no_table_is_closed(said: str) -> None:
    head = '"kind":"close_many","system":"1","reason":"r","invalidates":[],"causes":[{}]'
    assert isinstance(BODY.decode(f'{{{head},"close":{{"session":{{"k":[0]}}}}}}'), CloseManyBody)
    with pytest.raises(msgspec.ValidationError):
        BODY.decode(f"{{{head},{said}}}")
