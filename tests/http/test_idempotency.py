from uuid import UUID

import pytest

from app.domain.errors import Invalid
from app.domain.ids import AccountId
from app.domain.revocation_request import Idempotency
from app.http.idempotency import idempotency_of

ME = AccountId(UUID(int=1))
YOU = AccountId(UUID(int=2))


def of(key: str = "k", **changed: object) -> Idempotency:
    request: dict[str, object] = {
        "method": "POST",
        "path": "/v1/x",
        "body": {"a": 1, "b": 2},
        "account_id": ME,
    }
    found = idempotency_of(key, **{**request, **changed})  # type: ignore[arg-type]
    assert found is not None
    return found


def test_the_same_request_has_the_same_digest_however_its_body_is_ordered():
    assert of().request_digest == of(body={"b": 2, "a": 1}).request_digest


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
    assert of().request_digest != of(**changed).request_digest


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256, "tab\t", "\x00"])
def test_a_key_is_1_to_255_visible_ascii_characters(key):
    with pytest.raises(Invalid):
        of(key)


@pytest.mark.parametrize("key", ["x", "x" * 255, "~!{}"])
def test_a_good_key_is_kept_as_it_is(key):
    assert of(key).key == key


def test_without_a_key_there_is_nothing_to_recognize_the_request_by():
    assert idempotency_of(None, method="POST", path="/v1/x", body=None, account_id=ME) is None
