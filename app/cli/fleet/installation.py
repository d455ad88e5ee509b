"""The secrets of this checkout's fleets, made once: two that share servers must share a bus key too."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from app.domain.credentials import SECRET_BYTES, TokenKind, token_from
from app.embedded.runtime_folder import locked, runtime_folder

__all__ = ["Installation", "this_installation"]

FILE = "installation.json"
BUS_KEY_BYTES = 32
PASSWORD_BYTES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The key of messages on the bus, the daemon's token, and the password of the demo accounts."""

    bus_key: str
    daemon_token: str
    demo_password: str


def this_installation() -> Installation:
    """The same for every command of this checkout and user, in a file that only they can read."""
    runtime = runtime_folder()
    file = runtime / FILE
    with locked(runtime):
        return _read(file) or _made(file)


def _read(file: Path) -> Installation | None:
    try:
        return Installation(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _made(file: Path) -> Installation:
    installation = Installation(
        bus_key=secrets.token_hex(BUS_KEY_BYTES),
        daemon_token=token_from(TokenKind.DAEMON, secrets.token_bytes(SECRET_BYTES)),
        demo_password=secrets.token_urlsafe(PASSWORD_BYTES),
    )
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(installation)))
    return installation
