import blake3
import pytest

from app.fanout.bus_keys import KEY_CONTEXT, BusKeys
from tests.fanout.conftest import settings_for


def keys(*, namespace: str = "n", **secrets: str | None) -> BusKeys:
    return BusKeys.from_settings(settings_for("redis://nowhere", namespace=namespace, **secrets))


def test_a_mac_is_keyed_blake3_over_namespace_line_feed_and_body() -> None:
    key = blake3.blake3(b"secret", derive_key_context=KEY_CONTEXT).digest()
    expected = blake3.blake3("n\n{é}".encode(), key=key).hexdigest()
    assert keys(bus_key="secret").sign("{é}") == expected


def test_a_mac_is_accepted_by_its_key_and_for_its_body_only() -> None:
    mac = keys(bus_key="one").sign("body") or ""
    assert keys(bus_key="one").accept("body", mac)
    assert not keys(bus_key="one").accept("bodY", mac)
    assert not keys(bus_key="two").accept("body", mac)
    assert not keys(namespace="m", bus_key="one").accept("body", mac)


def test_a_mac_in_capitals_or_cut_short_is_another() -> None:
    mac = keys(bus_key="one").sign("body") or ""
    assert not keys(bus_key="one").accept("body", mac.upper())
    assert not keys(bus_key="one").accept("body", mac[:-1])
    assert not keys(bus_key="one").accept("body", "")


def test_the_first_key_signs_and_both_are_accepted() -> None:
    rotating = keys(bus_key="new", bus_key_previous="old")
    assert rotating.sign("body") == keys(bus_key="new").sign("body")
    assert rotating.accept("body", keys(bus_key="old").sign("body") or "")


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_key_is_no_key(empty: str | None) -> None:
    assert keys(bus_key=empty, bus_key_previous=empty) == BusKeys("n", ())
    assert keys(bus_key=empty).sign("body") is None
    assert not keys(bus_key=empty).are_set
