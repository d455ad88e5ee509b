from datetime import UTC, datetime

from starlette.responses import Response

from app.http.cookies import clear_cookie, set_cookie
from tests.http.parts import settings_for_tests


def test_a_cookie_is_for_us_only_and_for_tls_only_unless_the_operator_says_otherwise():
    for secure in (True, False):
        response = Response()
        set_cookie(
            response,
            "cutoff_session",
            "token",
            expires_at=datetime(2030, 1, 1, tzinfo=UTC),
            settings=settings_for_tests(cookie_secure=secure),
        )
        attributes = set(response.headers["set-cookie"].split("; "))
        assert attributes >= {"cutoff_session=token", "HttpOnly", "SameSite=lax", "Path=/"}
        assert ("Secure" in attributes) == secure
        assert "Domain" not in response.headers["set-cookie"]


def test_clearing_a_cookie_names_it_as_it_was_set():
    response = Response()
    clear_cookie(response, "cutoff_support", settings=settings_for_tests(cookie_secure=True))
    cookie = response.headers["set-cookie"]
    assert cookie.startswith('cutoff_support=""; ')
    for attribute in ("Max-Age=0", "Path=/", "HttpOnly", "Secure", "SameSite=lax"):
        assert attribute in cookie
