"""The HTTP API, as a client without cookies uses it."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from app.cli.problems import CommandRefused
from app.clock import boot_seconds

__all__ = ["Answer", "Api"]

TIMEOUT_S = 40.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and the instant at which the request was sent."""

    status: int
    body: Any
    sent_at: float


@dataclass(frozen=True, slots=True)
class Api:
    """One node, with one credential or none. Blocking: call it in a thread."""

    host: str
    port: int
    token: str | None = None

    def call(
        self, method: str, path: str, body: object = None, *, prefer_wait_s: int | None = None
    ) -> Answer:
        """The answer to a request. Raises: CommandRefused for any that is not a success."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
        try:
            connection.connect()
            sent_at = boot_seconds()
            connection.request(method, f"/v1/{path}", _encoded(body), self._headers(body, prefer_wait_s))
            response = connection.getresponse()
            answer = Answer(response.status, _decoded(response.read()), sent_at)
        except OSError as error:
            raise CommandRefused(f"{method} {path} failed: {error}.") from error
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise CommandRefused(f"{method} {path} was answered with {answer.status}: {answer.body}")
        return answer

    def _headers(self, body: object, prefer_wait_s: int | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "cutoff-demo"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if prefer_wait_s is not None:
            headers["Prefer"] = f"wait={prefer_wait_s}"
        return headers


def _encoded(body: object) -> bytes | None:
    return None if body is None else json.dumps(body).encode()


def _decoded(body: bytes) -> Any:
    return json.loads(body) if body else None
