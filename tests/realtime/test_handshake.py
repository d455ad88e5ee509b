from typing import Any
from uuid import UUID

import pytest

from app.config import Settings
from app.domain.credentials import CredentialType, TokenKind, hash_token, token_from
from app.domain.errors import Forbidden, Unauthenticated
from app.realtime.handshake import Presented, presented_by

# The same in each process: they are in the names of tests.
SESSION = token_from(TokenKind.SESSION, b"s" * 32)
API = token_from(TokenKind.API, b"a" * 32)
DAEMON = token_from(TokenKind.DAEMON, b"d" * 32)
ACCOUNT = UUID("01938f0e-0000-7000-8000-000000000001")

SETTINGS = Settings.model_validate(
    {
        "database_url": "postgresql://nowhere/",
        "redis_url": "redis://nowhere/",
        "allowed_origins": "https://app.example.org",
        "daemon_token": DAEMON,
        "daemon_account": str(ACCOUNT),
        "trusted_proxies": "10.0.0.0/8",
    }
)


def scope(*headers: tuple[str, str], scheme: str = "ws", client: str = "192.0.2.7") -> dict[str, Any]:
    given = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return {
        "scheme": scheme,
        "client": (client, 4711),
        "headers": [(b"host", b"cutoff.example.org"), *given],
    }


def presented(*headers: tuple[str, str], **more: str) -> Presented:
    return presented_by(scope(*headers, **more), SETTINGS)


def test_a_session_token_is_taken_as_a_bearer_and_only_its_hash_is_kept():
    found = presented(("Authorization", f"Bearer {SESSION}"))
    assert (found.credential_type, found.token_hash) == (CredentialType.SESSION, hash_token(SESSION))
    assert SESSION not in repr(found)


def test_an_api_token_is_taken_as_a_bearer():
    found = presented(("Authorization", f"bearer {API}"))
    assert (found.credential_type, found.token_hash) == (CredentialType.API_TOKEN, hash_token(API))


def test_the_daemon_token_stands_for_its_account_and_has_no_row():
    found = presented(("Authorization", f"Bearer {DAEMON}"))
    assert (found.credential_type, found.token_hash) == (CredentialType.DAEMON_TOKEN, None)
    assert found.account_id == ACCOUNT


def test_another_daemon_token_is_nobodys():
    with pytest.raises(Unauthenticated):
        presented(("Authorization", f"Bearer {token_from(TokenKind.DAEMON, bytes(32))}"))
    without = SETTINGS.model_copy(update={"daemon_token": None, "daemon_account": None})
    with pytest.raises(Unauthenticated):
        presented_by(scope(("Authorization", f"Bearer {DAEMON}")), without)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {SESSION}",
        SESSION,
        f"Bearer {SESSION}x",
        f"Bearer  {SESSION}",
        f"Bearer {SESSION[:-1]}",
        f"Bearer {token_from(TokenKind.REFRESH, bytes(32))}",
        "Bearer cutoff_session_é",
    ],
)
def test_a_malformed_bearer_is_no_credential(value: str):
    with pytest.raises(Unauthenticated):
        presented(("Authorization", value))


def test_two_authorizations_are_none():
    with pytest.raises(Unauthenticated):
        presented(("Authorization", f"Bearer {SESSION}"), ("Authorization", f"Bearer {API}"))


def test_a_bearer_with_an_origin_is_not_accepted_even_with_our_own():
    for origin in ("https://cutoff.example.org", "https://evil.example", "null", ""):
        with pytest.raises(Unauthenticated):
            presented(("Authorization", f"Bearer {API}"), ("Origin", origin))


@pytest.mark.parametrize("name", ["cutoff_session", "cutoff_support"])
@pytest.mark.parametrize(
    "origin", ["http://cutoff.example.org", "https://cutoff.example.org", "https://app.example.org"]
)
def test_a_cookie_counts_with_our_own_origin_or_an_allowed_one(name: str, origin: str):
    found = presented(("Cookie", f"theme=dark; {name}={SESSION}"), ("Origin", origin))
    assert (found.credential_type, found.token_hash) == (CredentialType.SESSION, hash_token(SESSION))


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "", "null", "https://cutoff.example.org.evil.example", "https://cutoff.example.org:8443"],
)  # fmt: skip
def test_a_cookie_with_a_foreign_origin_is_forbidden(origin: str):
    with pytest.raises(Forbidden):
        presented(("Cookie", f"cutoff_session={SESSION}"), ("Origin", origin))


def test_a_cookie_without_origin_or_with_two_is_forbidden():
    with pytest.raises(Forbidden):
        presented(("Cookie", f"cutoff_session={SESSION}"))
    ours = ("Origin", "https://cutoff.example.org")
    with pytest.raises(Forbidden):
        presented(("Cookie", f"cutoff_session={SESSION}"), ours, ours)


def test_a_better_scheme_than_ours_is_our_origin_and_a_worse_one_is_not():
    with pytest.raises(Forbidden):
        presented(
            ("Cookie", f"cutoff_session={SESSION}"), ("Origin", "http://cutoff.example.org"), scheme="wss"
        )


@pytest.mark.parametrize("cookie", ["", "theme=dark", "cutoff_session=", f"cutoff_session={API}", "=;=;="])
def test_a_cookie_without_a_session_token_is_no_credential(cookie: str):
    with pytest.raises(Unauthenticated):
        presented(("Cookie", cookie), ("Origin", "https://cutoff.example.org"))


def test_nothing_at_all_is_no_credential_wherever_it_comes_from():
    for headers in ((), (("Origin", "https://cutoff.example.org"),), (("Origin", "https://evil.example"),)):
        with pytest.raises(Unauthenticated):
            presented(*headers)


def test_the_address_is_the_nearest_that_no_trusted_proxy_has():
    bearer = ("Authorization", f"Bearer {API}")
    forwarded = ("X-Forwarded-For", "203.0.113.9, 198.51.100.1, 10.1.1.1")
    assert presented(bearer, forwarded, client="10.0.0.1").address == "198.51.100.1"
    assert presented(bearer, forwarded).address == "192.0.2.7"
