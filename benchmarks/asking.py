"""Requests to a node, over one connection that stays open."""

import http.client
import json

from app.clock import boot_seconds
from benchmarks.stacks.stack import Guest

__all__ = ["Asking"]

TIMEOUT_S = 30.0
KEPT_ALIVE_S = 3.0
"""Shorter than the server keeps a silent connection."""


class Asking:
    """Not for two threads."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self._used_at = -KEPT_ALIVE_S

    def end_session(self, guest: Guest) -> float:
        """The guest has asked for the end of its session; the instant before that."""
        return self._call("DELETE", f"/v1/sessions/{guest.session_id}", guest)[0]

    def end_all_sessions(self, guest: Guest) -> float:
        """The guest has asked for the end of all of its account's sessions; the instant before that."""
        return self._call("POST", "/v1/sessions/terminate-all", guest, {"except_current": False})[0]

    def look(self) -> float:
        """The seconds that a request takes that does nothing."""
        asked_at, _ = self._call("GET", "/livez", None)
        return boot_seconds() - asked_at

    def refresh(self, refresh_token: str) -> str:
        """The refresh token that follows that one."""
        _, answer = self._call("POST", "/v1/auth/refresh", None, {"refresh_token": refresh_token})
        return str(json.loads(answer)["refresh_token"])

    def close(self) -> None:
        """No request any more."""
        self._connection.close()

    def _call(self, method: str, path: str, guest: Guest | None, body: object = None) -> tuple[float, bytes]:
        """When it was asked, and the answer."""
        headers = {"Accept": "application/json"}
        if guest is not None:
            headers["Authorization"] = f"Bearer {guest.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if boot_seconds() - self._used_at >= KEPT_ALIVE_S:
            self._connection.close()
            self._connection.connect()
        asked_at = self._used_at = boot_seconds()
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path} was answered with {response.status}: {answer.decode()}")
        return asked_at, answer
