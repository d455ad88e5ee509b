"""Where the programs come from."""

from pathlib import Path

import pytest

from app.embedded import EmbeddedServersRefused, binaries
from app.embedded.server_user import is_reachable


def test_the_programs_of_the_extra_are_found_where_the_servers_user_can_run_them() -> None:
    for program in (binaries.postgres_binaries() / "postgres", binaries.redis_binary()):
        assert program.exists()
        assert is_reachable(program)


def test_the_environment_names_other_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("postgres", "initdb", "redis-server"):
        (tmp_path / name).touch()
    monkeypatch.setenv(binaries.POSTGRES_VARIABLE, str(tmp_path))
    monkeypatch.setenv(binaries.REDIS_VARIABLE, str(tmp_path / "redis-server"))
    assert binaries.postgres_binaries() == tmp_path
    assert binaries.redis_binary() == tmp_path / "redis-server"


def test_a_variable_that_names_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(binaries.POSTGRES_VARIABLE, "/no/such/folder")
    with pytest.raises(EmbeddedServersRefused, match=binaries.POSTGRES_VARIABLE):
        binaries.postgres_binaries()


def test_without_any_program_the_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedServersRefused, match="set REDIS_URL"):
        binaries.redis_binary()
