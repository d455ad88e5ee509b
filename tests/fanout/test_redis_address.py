import ssl

import pytest

from app.fanout.redis_address import RedisAddress


def test_an_address_is_read_as_redis_py_reads_it() -> None:
    address = RedisAddress.parse("redis://me:p%40ss@example:7000/3")
    assert (address.host, address.port, address.path, address.tls) == ("example", 7000, None, None)
    assert address.authentication == ("AUTH", "me", "p@ss")


def test_what_is_left_out_has_its_usual_value() -> None:
    address = RedisAddress.parse("redis://")
    assert (address.host, address.port, address.authentication) == ("localhost", 6379, None)


def test_a_password_without_a_user_is_the_default_users() -> None:
    assert RedisAddress.parse("redis://:secret@h").authentication == ("AUTH", "secret")


def test_a_unix_socket_is_a_path() -> None:
    assert RedisAddress.parse("unix://:secret@/run/redis.sock").path == "/run/redis.sock"


def test_tls_checks_certificate_and_name_unless_told_otherwise() -> None:
    strict = RedisAddress.parse("rediss://h").tls
    assert strict is not None
    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, True)
    no_name = RedisAddress.parse("rediss://h?ssl_check_hostname=false").tls
    assert no_name is not None
    assert (no_name.verify_mode, no_name.check_hostname) == (ssl.CERT_REQUIRED, False)
    nothing = RedisAddress.parse("rediss://h?ssl_cert_reqs=none").tls
    assert nothing is not None
    assert nothing.verify_mode == ssl.CERT_NONE


def test_another_server_of_the_installation_has_the_same_user_and_terms() -> None:
    address = RedisAddress.parse("rediss://me:secret@seed:7000").at("other", 7001)
    assert (address.host, address.port, address.authentication) == ("other", 7001, ("AUTH", "me", "secret"))
    assert address.tls is not None
    assert RedisAddress.parse("unix:///run/redis.sock").at("other", 7001).path is None


def test_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        RedisAddress.parse("http://h")


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(RedisAddress.parse("redis://:secret@h"))
