"""The sender against real sockets: what it takes for an answer, where it does not go, and how long it waits."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from app.data.webhook_deliveries import Delivery
from app.domain.ids import NoticeId, OrgId
from tests.worker.receiving import a_receiver
from worker import webhook_sender
from worker.webhook_sender import WebhookSender

send = WebhookSender(allow_private=True)
send_carefully = WebhookSender(allow_private=False)


def delivery(url: str) -> Delivery:
    return Delivery(
        notice_id=NoticeId(uuid7()),
        org_id=OrgId(uuid7()),
        attempt=1,
        url=url,
        headers={"content-type": "application/json", "webhook-id": "1", "webhook-signature": "v1,x"},
        body=b'{"a":1}',
    )


@contextmanager
def a_peer(answer: bytes, *, pause_s: float = 0.0) -> Iterator[int]:
    """Takes one connection and writes those bytes, one at a time if there is a pause."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listening.accept()
        with peer:
            peer.recv(65536)
            try:
                for byte in answer if pause_s else [answer]:
                    peer.sendall(bytes([byte]) if isinstance(byte, int) else byte)
                    time.sleep(pause_s)
                peer.recv(1)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.close()
    thread.join(5)


def test_what_is_sent_arrives_as_it_is_signed():
    with a_receiver() as receiver:
        sent = delivery(receiver.url)
        assert send(sent) is None
    (got,) = receiver.got
    assert (got.path, got.body) == ("/hook?x=1", sent.body)
    assert {name: got.headers[name] for name in sent.headers} == sent.headers
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_success_is_taken(status):
    with a_receiver(status) as receiver:
        assert send(delivery(receiver.url)) is None


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 410, 429, 500, 503])
def test_anything_else_is_not_and_a_redirect_is_not_followed(status):
    with a_receiver() as elsewhere, a_receiver(status) as receiver:
        receiver.location = elsewhere.url
        assert send(delivery(receiver.url)) == f"status_{status}"
        assert elsewhere.got == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "2130706433", "127.1"],
)
def test_addresses_that_are_not_public_are_not_connected_to(host):
    with a_receiver() as receiver:
        problem = send_carefully(delivery(f"http://{host}:{receiver.port}/"))
        assert problem in {"address_not_allowed", "not_reachable"}
        assert receiver.got == []


def test_a_name_is_resolved_once_and_what_was_looked_at_is_what_is_connected_to(monkeypatch):
    """DNS rebinding: a second answer of the name would lead to ourselves."""
    looked_up: list[str] = []
    connected: list[str] = []

    def resolve(host, port, **_more):
        looked_up.append(host)
        address = "203.0.113.7" if len(looked_up) > 1 else "1.1.1.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address, *_more):
        connected.append(address[0])
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert send_carefully(delivery("https://rebinding.example/")) == "not_reachable"
    assert (looked_up, connected) == (["rebinding.example"], ["1.1.1.1"])


def test_a_name_with_one_address_that_is_not_public_is_not_used_at_all(monkeypatch):
    def resolve(host, port, **_more):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("1.1.1.1", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert send_carefully(delivery("https://mixed.example/")) == "address_not_allowed"


def test_a_name_that_does_not_exist_and_a_port_where_nobody_listens_are_not_reachable():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert send(delivery(f"http://127.0.0.1:{port}/")) == "not_reachable"
    assert send(delivery("http://nowhere.invalid/")) == "not_reachable"


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_answer_is_none(answer):
    with a_peer(answer + b"\r\n") as port:
        assert send(delivery(f"http://127.0.0.1:{port}/")) in {"not_reachable", "timed_out"}


def test_who_trickles_does_not_hold_us_for_longer_than_promised(monkeypatch):
    monkeypatch.setattr(webhook_sender, "ANSWER_WITHIN", timedelta(seconds=0.5))
    with a_peer(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100, pause_s=0.05) as port:
        began = time.monotonic()
        assert send(delivery(f"http://127.0.0.1:{port}/")) == "timed_out"
        assert time.monotonic() - began < 3


def test_who_says_nothing_times_out(monkeypatch):
    monkeypatch.setattr(webhook_sender, "ANSWER_WITHIN", timedelta(seconds=0.3))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert send(delivery(f"http://127.0.0.1:{listening.getsockname()[1]}/")) == "timed_out"


def test_a_certificate_that_nobody_vouches_for_is_not_accepted():
    with a_peer(b"\x15\x03\x01\x00\x02\x02\x28") as port:
        assert send(delivery(f"https://127.0.0.1:{port}/")) in {"tls_failed", "not_reachable"}
