"""The private folder of a checkout."""

import os
from pathlib import Path

import pytest

from app.embedded import EmbeddedServersRefused, runtime_folder

pytestmark = pytest.mark.usefixtures("own_runtime")


def test_nobody_else_can_write_there_or_look_inside() -> None:
    folder = runtime_folder.runtime_folder()
    assert folder.stat().st_uid == os.geteuid()
    assert folder.stat().st_mode & 0o066 == 0


def test_each_checkout_has_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = runtime_folder.runtime_folder()
    monkeypatch.setattr(runtime_folder, "CHECKOUT", tmp_path / "another")
    assert runtime_folder.runtime_folder() != first


def test_a_link_that_somebody_laid_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = runtime_folder.runtime_folder().name
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(runtime_folder, "_base", lambda: tmp_path)
    with pytest.raises(EmbeddedServersRefused, match="belongs to somebody else"):
        runtime_folder.runtime_folder()


def test_a_scratch_folder_is_gone_afterwards() -> None:
    with runtime_folder.scratch_folder() as folder:
        (folder / "file").write_text("content")
    assert not folder.exists()


def test_the_scratch_folder_of_a_living_process_is_left_alone() -> None:
    with runtime_folder.scratch_folder() as first, runtime_folder.scratch_folder():
        assert first.exists()
