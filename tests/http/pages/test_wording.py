import pytest

from app.domain.closing import Reason
from app.domain.errors import (
    Conflict,
    CutoffError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from app.http.pages.wording import ended_because, sentence_for, why_signed_out


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_sentence_on_the_sign_in_page(reason):
    sentence = why_signed_out(reason.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "_" not in sentence


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_phrase_in_a_list(reason):
    assert "_" not in ended_because(reason.value)


def test_a_word_of_a_newer_version_is_shown_as_it_is_in_lists_and_not_said_at_all_on_the_sign_in_page():
    assert ended_because("abducted_by_aliens") == "abducted by aliens"
    assert ended_because(None) == "ended"
    assert why_signed_out("abducted_by_aliens") == ""


@pytest.mark.parametrize(
    "error",
    [
        Unauthenticated(),
        Unauthenticated("wrong_password"),
        Forbidden("same_origin"),
        Forbidden("global_admin"),
        NotFound("support_grant"),
        Conflict("idempotency_key_reused"),
        Conflict("some_rule"),
        Invalid("expires_at", "not_in_the_future"),
        RateLimited(5),
        Unavailable("database"),
        CutoffError(),
    ],
)
def test_every_error_is_a_sentence(error):
    sentence = sentence_for(error)
    assert sentence.endswith(".")
    assert "_" not in sentence
