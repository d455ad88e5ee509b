from uuid import UUID

import pytest

from app.domain.errors import Invalid
from app.domain.ids import AccountId
from app.http.idempotency import Idempotency, idempotency_of

ME = AccountId(UUID(int=1))
YOU = AccountId(UUID(int=2))


def of(key: str | None = "k", **changed: object) -> Idempotency:
    request: dict[str, object] = {
        "method": "POST",
        "path": "/v1/x",
        "body": {"a": 1, "b": 2},
        "account_id": ME,
    }
    return idempotency_of(key, **{**request, **changed})  # type: ignore[arg-type]


def test_the_same_request_has_the_same_digest_however_its_body_is_ordered():
    assert of().digest == of(body={"b": 2, "a": 1}).digest


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "DELETE"},
        {"path": "/v1/y"},
        {"body": {"a": 1}},
        {"body": None},
        {"account_id": YOU},
        {"secret": "s"},
    ],
)
def test_another_request_has_another_digest(changed):
    assert of().digest != of(**changed).digest


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256, "tab\t", "\x00"])
def test_a_key_is_1_to_255_visible_ascii_characters(key):
    with pytest.raises(Invalid):
        of(key)


@pytest.mark.parametrize("key", [None, "x", "x" * 255, "~!{}"])
def test_a_good_key_or_none_is_kept_as_it_is(key):
    assert of(key).key == key
