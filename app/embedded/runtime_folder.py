"""Where the servers of this checkout and this user keep what they need while they run."""

import fcntl
import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.embedded.problems import EmbeddedServersRefused
from app.embedded.process_table import ProcessId, children_of, identify, is_alive

__all__ = ["locked", "note_server", "runtime_folder", "scratch_folder"]

CHECKOUT = Path(__file__).resolve().parents[2]
OTHERS_MAY_WRITE = 0o022
# As root the servers run as somebody else, who must be able to pass; what is private inside says so itself.
FOLDER_MODE = 0o711 if os.geteuid() == 0 else 0o700
SERVER_NOTE = "server.process"


def runtime_folder() -> Path:
    """The folder of this checkout and this user; it exists, and nobody else can write to it.

    Raises: EmbeddedServersRefused if somebody else made it first.
    """
    name = hashlib.blake2s(os.fsencode(CHECKOUT), digest_size=6).hexdigest()
    folder = _base() / f"cutoff-{os.getuid()}-{name}"
    folder.mkdir(exist_ok=True)
    facts = folder.stat(follow_symlinks=False)
    if facts.st_uid != os.geteuid() or folder.is_symlink():
        raise EmbeddedServersRefused(f"{folder} belongs to somebody else: remove it, or set TMPDIR.")
    folder.chmod(FOLDER_MODE)
    return folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else who asks is in the same folder at the same time."""
    with (folder / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder that servers can reach, gone afterwards; what killed processes left of theirs goes first."""
    runtime = runtime_folder()
    with locked(runtime):
        for folder in runtime.glob("scratch-*"):
            _remove_if_abandoned(folder)
        me = identify(os.getpid())
        assert me is not None, "we live"
        scratch = Path(tempfile.mkdtemp(prefix=f"scratch-{me.pid}-{me.started}-", dir=runtime))
        scratch.chmod(FOLDER_MODE)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def note_server(folder: Path, pid: int) -> None:
    """Whoever finds the folder abandoned knows which process to end: a frozen server heeds no death signal."""
    if (process := identify(pid)) is not None:
        (folder / SERVER_NOTE).write_text(f"{process.pid} {process.started}")


def _base() -> Path:
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.geteuid() != 0 and session and os.access(session, os.W_OK | os.X_OK):
        return Path(session)
    return Path(tempfile.gettempdir())


def _remove_if_abandoned(scratch: Path) -> None:
    _, pid, started, _ = scratch.name.split("-", 3)
    if is_alive(ProcessId(pid=int(pid), started=int(started))):
        return
    for note in scratch.rglob(SERVER_NOTE):
        number, ticks = (int(word) for word in note.read_text().split())
        if is_alive(ProcessId(pid=number, started=ticks)):
            _end(number)
    shutil.rmtree(scratch, ignore_errors=True)


def _end(pid: int) -> None:
    for number in (*children_of(pid), pid):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
