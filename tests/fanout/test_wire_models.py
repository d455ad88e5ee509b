from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.fanout.wire_models import CanonicalUuid, Instant, SystemIdentifier, TransactionNumber, Word
from tests.fanout.closures import id_number


def takes(kind: Any, text: str) -> bool:
    try:
        TypeAdapter(kind).validate_python(text, strict=True)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("good", ["1", "7412345678901234567", "9" * 19])
def test_numbers_are_decimal_and_without_leading_zeros(good: str) -> None:
    assert takes(TransactionNumber, good)
    assert takes(SystemIdentifier, good)
    assert not takes(TransactionNumber, f"0{good}")
    assert not takes(TransactionNumber, f"{good}\n")
    assert not takes(TransactionNumber, f"-{good}")


def test_ids_have_one_spelling() -> None:
    uuid = "0189abcd-0000-7000-8000-00000000000f"
    assert takes(CanonicalUuid, uuid)
    assert takes(CanonicalUuid, id_number(1))
    spellings = (
        uuid.upper(),
        uuid.replace("-", ""),
        f"{{{uuid}}}",
        f"urn:uuid:{uuid}",
        f" {uuid}",
        f"{uuid}\n",
    )
    assert not any(takes(CanonicalUuid, other) for other in spellings)


def test_words_are_lower_case_and_short() -> None:
    assert takes(Word, "account_suspended")
    assert not any(takes(Word, other) for other in ("", "*", "Session", "a b", "_", "1st", "a" * 65))


def test_instants_have_a_zone() -> None:
    assert takes(Instant, "2026-11-20T12:00:00.123456+00:00")
    assert takes(Instant, "2026-11-20T12:00:00Z")
    assert not any(
        takes(Instant, other) for other in ("2026-11-20T12:00:00", "2026-11-20", "now", "1700000000")
    )
