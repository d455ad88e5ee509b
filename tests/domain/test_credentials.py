"""Tokens: 256 bits behind a prefix, known by their hash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.credentials import TokenKind, hash_token, kind_of_token, successor_token, token_from

ZEROS = bytes(32)


def test_the_hash_of_a_known_token_is_a_known_hex() -> None:
    """B251."""
    token = token_from(TokenKind.SESSION, ZEROS)
    assert token == "cutoff_session_" + "A" * 43
    assert hash_token(token) == "de5ac5e85361aff86ccaefe429b3770dd32b0715518517311eab6ef9a293661b"


def test_the_hash_is_over_the_whole_string_prefix_included() -> None:
    """B251."""
    hashes = {hash_token(token_from(kind, ZEROS)) for kind in TokenKind} | {hash_token("A" * 43)}
    assert len(hashes) == len(TokenKind) + 1


@given(st.sampled_from(TokenKind), st.binary(min_size=32, max_size=32))
def test_a_token_tells_its_kind(kind: TokenKind, secret: bytes) -> None:
    assert kind_of_token(token_from(kind, secret)) is kind


@given(st.text())
def test_any_text_has_a_hash_and_is_no_token(text: str) -> None:
    assert len(hash_token(text)) == 64
    assert kind_of_token(text) is None


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_token_carries_exactly_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        token_from(TokenKind.API, bytes(length))


@pytest.mark.parametrize(
    "text",
    [
        "cutoff_session_" + "A" * 42,
        "cutoff_session_" + "A" * 44,
        "cutoff_session_" + "A" * 43 + "\n",
        "CUTOFF_SESSION_" + "A" * 43,
        " cutoff_session_" + "A" * 43,
        "cutoff_session_" + "+" * 43,
        "cutoff_session_" + "é" * 43,
    ],
)
def test_what_no_issuer_could_have_made_is_no_token(text: str) -> None:
    assert kind_of_token(text) is None


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_successor_is_the_same_for_the_same_nonce_and_another_otherwise(
    secret: bytes, nonce: bytes
) -> None:
    token = token_from(TokenKind.REFRESH, secret)
    successor = successor_token(token, nonce)
    assert successor == successor_token(token, nonce)
    assert kind_of_token(successor) is TokenKind.REFRESH
    other = bytes(byte ^ 1 for byte in nonce)
    assert len({token, successor, successor_token(token, other), successor_token(successor, nonce)}) == 4
