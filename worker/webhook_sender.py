"""Sends one webhook over HTTP: to an address that was looked at, once, within a bounded time, following nothing."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from urllib.parse import SplitResult, urlsplit

from app.data.webhook_deliveries import Delivery
from app.domain.webhooks import is_public_address

__all__ = ["WebhookSender"]

CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN = timedelta(seconds=10)
"""From the first byte of the request to the last of the answer's head, however slowly it trickles."""


class WebhookSender:
    """A function of a delivery. Only public addresses are connected to, unless private ones are allowed.

    A name is resolved once, every address that it has is looked at, and one of those is connected to: a name that
    resolves to something else a moment later leads nowhere else. The certificate is checked against the name.
    """

    def __init__(self, *, allow_private: bool, tls: ssl.SSLContext | None = None) -> None:
        self._allow_private = allow_private
        self._tls = tls or ssl.create_default_context()

    def __call__(self, delivery: Delivery) -> str | None:
        """None if it was taken (2xx), else what kept it. A redirect is a refusal; the answer's body is not read."""
        parts = urlsplit(delivery.url)
        try:
            addresses = self._addresses_of(parts)
            if not addresses:
                return "address_not_allowed"
            return self._post(parts, addresses, delivery)
        except ssl.SSLError:
            return "tls_failed"
        except TimeoutError:
            return "timed_out"
        except (OSError, http.client.HTTPException, UnicodeError, ValueError):
            return "not_reachable"

    def _addresses_of(self, parts: SplitResult) -> Sequence[str]:
        """Where the host is; nothing if any of its addresses is one that it must not be."""
        found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        is_allowed = self._allow_private or all(is_public_address(each) for each in addresses)
        return addresses if is_allowed else ()

    def _post(self, parts: SplitResult, addresses: Sequence[str], delivery: Delivery) -> str | None:
        connection = http.client.HTTPConnection(str(parts.hostname), _port(parts))
        connection.sock = self._connected(parts, addresses)
        has_run_out = threading.Event()
        timer = threading.Timer(ANSWER_WITHIN.total_seconds(), _cut(connection.sock, has_run_out))
        timer.daemon = True
        timer.start()
        try:
            headers = {"host": parts.netloc, **delivery.headers}
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, delivery.body, headers)
            status = connection.getresponse().status
            return None if 200 <= status < 300 else f"status_{status}"
        except (OSError, http.client.HTTPException):
            if has_run_out.is_set():
                return "timed_out"
            raise
        finally:
            timer.cancel()
            connection.close()

    def _connected(self, parts: SplitResult, addresses: Sequence[str]) -> socket.socket:
        plain = _first_that_answers(addresses, _port(parts))
        if parts.scheme != "https":
            return plain
        try:
            return self._tls.wrap_socket(plain, server_hostname=parts.hostname)
        except BaseException:
            plain.close()
            raise


def _first_that_answers(addresses: Sequence[str], port: int) -> socket.socket:
    *others, last = addresses[:_ADDRESSES_TRIED]
    for address in others:
        try:
            return socket.create_connection((address, port), CONNECT_WITHIN_S)
        except OSError:
            continue
    return socket.create_connection((last, port), CONNECT_WITHIN_S)


def _cut(peer: socket.socket, has_run_out: threading.Event) -> Callable[[], None]:
    def cut() -> None:
        has_run_out.set()
        try:
            socket.socket.shutdown(peer, socket.SHUT_RDWR)  # not the TLS layer's, which another thread is in
        except OSError:
            return

    return cut


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


_ADDRESSES_TRIED = 3
