"""Programs under a closed folder are copied to where the server's user can run them."""

import os
from pathlib import Path

import pytest

from app.embedded.public_copy import public_copy
from app.embedded.server_user import is_reachable


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    root = tmp_path / "closed"
    (root / "pkg" / "pginstall" / "bin").mkdir(parents=True)
    (root / "pkg.libs").mkdir()
    for name in ("postgres", "psql"):
        (root / "pkg" / "pginstall" / "bin" / name).write_text(name)
    (root / "pkg.libs" / "lib.so").write_text("library")
    root.chmod(0o700)
    return root


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs them where they are")
@pytest.mark.usefixtures("own_runtime")
def test_as_root_what_is_needed_is_copied_once_beside_its_libraries(closed: Path) -> None:
    copy = public_copy(closed, ["pkg/pginstall", "pkg.libs"])
    assert copy != closed
    assert is_reachable(copy / "pkg" / "pginstall" / "bin" / "postgres")
    assert (copy / "pkg.libs" / "lib.so").read_text() == "library"
    assert not (copy / "pkg" / "pginstall" / "bin" / "psql").exists()
    assert public_copy(closed, ["pkg/pginstall", "pkg.libs"]) == copy


@pytest.mark.skipif(os.geteuid() == 0, reason="root has to copy")
def test_an_ordinary_user_needs_no_copy(closed: Path) -> None:
    assert public_copy(closed, ["pkg/pginstall"]) == closed
