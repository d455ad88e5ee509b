import pytest

from app.domain.errors import Invalid
from app.http.pages.forms import filled, instant_from, safe_path
from app.http.schemas_api_tokens import ApiTokenBody
from tests.http.pages.browser import Browser


@pytest.mark.parametrize("path", ["/", "/sessions", "/receipts?q=1&p=a%20b", "/accounts/1#x"])
def test_a_path_of_ours_is_safe(path):
    assert safe_path(path) == path


@pytest.mark.parametrize("path", ["", "x", "//x", "/\\x", "\\/x", "http:/x", "/x\n", "/\x00", "/ü", " /x"])
def test_whatever_may_lead_elsewhere_is_the_first_page(path):
    assert safe_path(path) == "/"


def test_a_form_is_checked_by_the_apis_shape_and_its_other_fields_are_left_aside():
    body = filled(ApiTokenBody, {"name": " deploys ", "idempotency_key": "x"})
    assert (body.name, body.expires_at) == ("deploys", None)
    with pytest.raises(Invalid) as refused:
        filled(ApiTokenBody, {"name": "a\x00b"})
    assert refused.value.field == "name"


def test_a_date_and_time_of_a_form_is_in_utc():
    at = instant_from({"end": "2026-11-21T23:30"}, "end")
    assert at is not None
    assert at.isoformat() == "2026-11-21T23:30:00+00:00"
    assert instant_from({"end": " "}, "end") is None
    assert instant_from({}, "end") is None
    with pytest.raises(Invalid):
        instant_from({"end": "tomorrow"}, "end")


@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""]
)
async def test_only_our_forms_are_read(browser: Browser, media_type):
    answer = await browser.send("/sign-in", {"email": "a@b.c"}, **{"content-type": media_type})
    assert answer.status_code == 415
    assert "text/html" in answer.headers["content-type"]
