import base64
import hashlib
import hmac
from itertools import pairwise

import pytest

from app.domain.errors import Invalid
from app.domain.webhooks import check_webhook_url, is_public_address, secret_from, signature_of

# From the reference implementation's own tests (standardwebhooks.com).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_signature_is_the_one_of_standard_webhooks():
    assert signature_of([SECRET], message_id=MESSAGE_ID, timestamp=TIMESTAMP, body=BODY) == SIGNATURE


def test_each_secret_that_is_valid_signs():
    other = secret_from(bytes(32))
    both = signature_of([other, SECRET], message_id="m", timestamp=1, body=b"{}").split(" ")
    assert len(both) == 2
    for secret, signature in zip((other, SECRET), both, strict=True):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.new(key, b"m.1.{}", hashlib.sha256).digest()
        assert signature == "v1," + base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    "url", ["https://a.example/", "https://a.example:8443/x?y=1", "https://[2606:4700::1]/"]
)
def test_an_https_address_will_do(url):
    check_webhook_url(url, allow_plain=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example/",
        "https://",
        "https:///path",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://[::1",
        "https://u@a.example/",
        "https://u:p@a.example/",
        "https://a.example/#f",
        "https://a.example/\r\nx: y",
        "https://a.example/ x",
        "https://ä.example/",
        "file:///etc/passwd",
        "gopher://a.example/",
        "http://a.example/",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_nothing_else_will(url):
    with pytest.raises(Invalid):
        check_webhook_url(url, allow_plain=False)


def test_http_will_do_only_where_it_is_allowed():
    check_webhook_url("http://localhost:9/", allow_plain=True)
    with pytest.raises(Invalid):
        check_webhook_url("ftp://localhost:9/", allow_plain=True)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])
def test_public_addresses(address):
    assert is_public_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:1.1.1.1",
        "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "64:ff9b::7f00:1",
        "not an address",
        "",
    ],
)
def test_addresses_that_are_not_public_whatever_they_are_wrapped_in(address):
    assert not is_public_address(address)


def test_secrets_are_long_and_differ():
    made = [secret_from(bytes([number]) * 32) for number in range(3)]
    assert all(one != other and len(one) > 40 for one, other in pairwise(made))
