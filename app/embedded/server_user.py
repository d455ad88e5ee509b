"""Who the servers run as. PostgreSQL refuses root, so root runs them as `nobody`; anybody else as himself."""

import os
import pwd
from pathlib import Path

from app.embedded.problems import EmbeddedServersRefused

__all__ = ["check_reachable", "hand_over", "is_reachable", "server_user"]

SERVER_USER = "nobody"
OTHERS_MAY_ENTER = 0o001


def server_user() -> tuple[int, int] | None:
    """User and group id to change to; None if no change is needed."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(SERVER_USER)
    return entry.pw_uid, entry.pw_gid


def hand_over(path: Path) -> None:
    """The file or folder belongs to whom the servers run as."""
    if (user := server_user()) is not None:
        os.chown(path, *user)


def is_reachable(path: Path) -> bool:
    """Whether whom the servers run as can get at it: every folder on the way lets others enter."""
    if server_user() is None:
        return True
    return all(folder.stat().st_mode & OTHERS_MAY_ENTER for folder in path.resolve().parents)


def check_reachable(folder: Path) -> None:
    """Raises: EmbeddedServersRefused if a server's data cannot be there."""
    if not is_reachable(folder):
        raise EmbeddedServersRefused(
            f"As root the servers run as {SERVER_USER}, who cannot enter {folder}: take app.embedded.scratch_folder()."
        )
