import pytest

from app.domain.client_address import nearest_stranger

PROXIES = ("10.0.0.1", "192.168.0.0/16")


def address(peer: str, *forwarded: str) -> str:
    return nearest_stranger(peer, forwarded, trusted=PROXIES)


def test_without_a_trusted_proxy_the_peer_is_the_client():
    assert address("203.0.113.9", "1.2.3.4") == "203.0.113.9"


def test_behind_trusted_proxies_the_nearest_stranger_is_the_client():
    assert address("10.0.0.1", "6.6.6.6, 203.0.113.9, 192.168.3.4") == "203.0.113.9"


def test_several_headers_are_one_list():
    assert address("10.0.0.1", "6.6.6.6", "203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize("nonsense", ["", "unknown", "203.0.113.9:80", "<script>"])
def test_nonsense_from_a_proxy_is_not_taken_for_an_address(nonsense):
    assert address("10.0.0.1", nonsense) == "10.0.0.1"


def test_an_address_of_ipv4_in_ipv6_is_the_ipv4_address():
    assert address("::ffff:10.0.0.1", "203.0.113.9") == "203.0.113.9"


def test_a_unix_socket_has_no_address():
    assert address("") == ""
