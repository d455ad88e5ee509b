import pytest

from app.domain.origins import comes_from_us, names_a_stranger


def ours(headers: dict[str, str], scheme: str = "http", allowed: tuple[str, ...] = ()) -> bool:
    return comes_from_us({"host": "cutoff.example", **headers}, scheme=scheme, allowed=allowed)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://cutoff.example"},
        {"origin": "https://cutoff.example:443"},
        {"origin": "http://cutoff.example"},
        {"sec-fetch-site": "same-origin"},
        {"origin": "http://cutoff.example:8000", "host": "cutoff.example:8000"},
        {"origin": "http://[::1]:8000", "host": "[::1]:8000"},
    ],
)
def test_a_request_from_our_own_page_is_known_by_its_origin_or_fetch_site(headers):
    assert ours(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "https://evil.example"},
        {"origin": "https://cutoff.example.evil.example"},
        {"origin": "https://cutoff.example:8443"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"origin": "https://cutoff.example:notaport"},
        {"origin": "https://[cutoff"},
        {"origin": "ftp://cutoff.example"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
    ],
)
def test_a_request_from_elsewhere_or_nowhere_is_not_from_our_own_page(headers):
    assert not ours(headers)


def test_an_allowed_origin_counts_as_ours():
    assert ours({"origin": "https://app.example"}, allowed=("https://app.example",))


def test_a_page_without_tls_is_not_ours_where_we_have_tls():
    assert not ours({"origin": "http://cutoff.example"}, scheme="https")


def test_a_request_that_says_nothing_of_its_origin_names_no_stranger():
    assert not names_a_stranger({"host": "cutoff.example"}, scheme="http", allowed=())
    assert names_a_stranger(
        {"host": "cutoff.example", "origin": "https://evil.example"}, scheme="http", allowed=()
    )
