"""Peers are installed when they are asked for, beside their servers and nowhere else."""

import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["PEERS", "NotInstallable", "install_peers", "node_command", "peers_python"]

PEERS = Path(__file__).resolve().parent.parent / "peers"
INSTALLED_WITHIN_S = 600


class NotInstallable(Exception):
    """One sentence: what is missing on this machine."""


def install_peers() -> None:
    """Both environments are there; what is there already is left alone. Needs node, npm and the network, once.

    Raises: NotInstallable.
    """
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise NotInstallable(f"The peers need {tool}: install Node.js, or leave out --peers.")
    if not (PEERS / "node_modules" / "socket.io").exists():
        _run("npm", "install", "--no-audit", "--no-fund", "--silent")
    if not (PEERS / ".venv" / "installed").exists():
        _run(sys.executable, "-m", "venv", ".venv")
        _run(peers_python(), "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
        (PEERS / ".venv" / "installed").touch()


def peers_python() -> str:
    """The interpreter of the Python peers."""
    return str(PEERS / ".venv" / "bin" / "python")


def node_command() -> list[str]:
    """What runs the server of Socket.IO."""
    return [shutil.which("node") or "node"]


def _run(*command: str) -> None:
    try:
        subprocess.run(command, cwd=PEERS, check=True, timeout=INSTALLED_WITHIN_S, stdout=sys.stderr)
    except (subprocess.SubprocessError, OSError) as error:
        raise NotInstallable(f"The peers could not be installed: {error}") from error
