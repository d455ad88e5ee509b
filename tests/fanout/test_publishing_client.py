from app.fanout.publishing_client import publishing_client
from tests.fanout.conftest import settings_for


def test_another_place_has_the_same_user_and_terms() -> None:
    settings = settings_for("redis://me:secret@seed:7000/1?socket_timeout=60")
    options = publishing_client(
        settings, timeout_s=0.2, place=("other", 7001)
    ).connection_pool.connection_kwargs
    expected = {"host": "other", "port": 7001, "username": "me", "password": "secret", "socket_timeout": 0.2}
    assert {name: options[name] for name in expected} == expected
