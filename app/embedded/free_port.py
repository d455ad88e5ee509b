"""A TCP port on 127.0.0.1 that nobody uses, and that stays ours over a restart."""

import secrets
import socket

from app.embedded.problems import EmbeddedServersRefused

__all__ = ["free_port"]

# Below Linux' range for outgoing connections: else one of those could sit on our port while the server is down.
LOWEST, HIGHEST = 18_000, 32_000
ATTEMPTS = 100


def free_port() -> int:
    """A port that could be bound a moment ago. Raises: EmbeddedServersRefused if there seems to be none."""
    for _ in range(ATTEMPTS):
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise EmbeddedServersRefused(f"No free TCP port between {LOWEST} and {HIGHEST} on 127.0.0.1.")
