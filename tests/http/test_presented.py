import pytest
from starlette.requests import Request

from app.domain.credentials import TokenKind, token_from
from app.domain.errors import Forbidden, Unauthenticated
from app.http.presented import presented_credential
from tests.http.parts import settings_for_tests

OWN = token_from(TokenKind.SESSION, bytes(32))
SUPPORT = token_from(TokenKind.SESSION, b"s" * 32)
API = token_from(TokenKind.API, bytes(32))
REFRESH = token_from(TokenKind.REFRESH, bytes(32))


def presented(method: str = "GET", **headers: str):
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"host", b"cutoff.test"))
    scope = {
        "type": "http",
        "method": method,
        "headers": raw,
        "scheme": "http",
        "path": "/",
        "query_string": b"",
    }
    return presented_credential(Request(scope), settings_for_tests())


def test_a_bearer_token_goes_before_a_cookie():
    found = presented(authorization=f"Bearer {API}", cookie=f"cutoff_session={OWN}")
    assert (found.token, found.cookie) == (API, None)


def test_the_scheme_is_read_in_any_case():
    assert presented(authorization=f"bEARER {API}").token == API


def test_a_support_session_goes_before_ones_own_session():
    found = presented(cookie=f"cutoff_session={OWN}; cutoff_support={SUPPORT}")
    assert (found.token, found.cookie) == (SUPPORT, "cutoff_support")
    assert presented(cookie=f"cutoff_session={OWN}").cookie == "cutoff_session"


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": f"cutoff_session={API}"},
        {"cookie": f"cutoff_session={REFRESH}"},
        {"cookie": "cutoff_session=x"},
        {"authorization": f"Bearer {REFRESH}"},
        {"authorization": f"Bearer {API}", "origin": "http://cutoff.test"},
        {"authorization": f"Bearer {API}", "origin": "null", "cookie": f"cutoff_session={OWN}"},
    ],
)
def test_what_proves_no_account_here_is_refused(headers):
    with pytest.raises(Unauthenticated):
        presented(**headers)


def test_a_cookie_may_read_without_proof_of_origin_and_change_with_it():
    cookie = f"cutoff_session={OWN}"
    assert presented("GET", cookie=cookie).token == OWN
    assert presented("POST", cookie=cookie, origin="http://cutoff.test").token == OWN
    assert presented("DELETE", cookie=cookie, sec_fetch_site="same-origin").token == OWN
    with pytest.raises(Forbidden):
        presented("DELETE", cookie=cookie)
