"""An unsuitable uvicorn is noticed at start."""

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.realtime.self_test import UnsuitableUvicornError, check_http, check_uvicorn
from app.realtime.uvicorn_protocol import CutoffProtocol


def test_the_installed_uvicorn_fits():
    check_uvicorn()


def test_a_uvicorn_without_something_that_we_override_is_refused_by_name():
    class Renamed:
        """Of a future release."""

    with pytest.raises(UnsuitableUvicornError, match=r"uvicorn [\d.]+ .*Renamed lacks .*handle_connect"):
        check_uvicorn(Renamed)


@pytest.mark.parametrize("name", ["send", "handle_connect", "connection_lost"])
def test_a_uvicorn_that_goes_past_what_we_override_is_refused(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setattr(CutoffProtocol, name, getattr(WebSocketsSansIOProtocol, name))
    with pytest.raises(UnsuitableUvicornError, match="does not fit"):
        check_uvicorn()


def test_a_uvicorn_whose_accept_writes_nothing_is_refused(monkeypatch: pytest.MonkeyPatch):
    async def send(_self: object, _message: object) -> None: ...

    monkeypatch.setattr(WebSocketsSansIOProtocol, "send", send)
    with pytest.raises(UnsuitableUvicornError, match="101"):
        check_uvicorn()


def test_a_uvicorn_without_something_that_streams_need_is_refused_by_name():
    class Renamed:
        """Of a future release."""

    check_http()
    with pytest.raises(UnsuitableUvicornError, match=r"Renamed lacks .*on_headers_complete"):
        check_http(Renamed)
