"""What runs the pages can itself be wrong: it notices what it must notice."""

from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks_of
from tests.docs.session import Session, fits

PAGE = """
<!-- not run: needs a moon -->
```sh
moon --full
```

- in a list:

  ```python title="one.py"
  ONE = 1
  ```
"""


def typed(text: str, language: str = "sh", title: str | None = None) -> Block:
    return Block(page="a page", line=1, language=language, title=title, text=text)


@pytest.fixture
def session(tmp_path: Path):
    session = Session(tmp_path, {})
    yield session
    session.stop()


def test_blocks_are_found_with_their_reasons_and_titles():
    moon, one = blocks_of("a page", PAGE)
    assert (moon.line, moon.language, moon.not_run, moon.text) == (3, "sh", "needs a moon", "moon --full\n")
    assert (one.title, one.text, one.not_run) == ("one.py", "ONE = 1\n", None)


def test_blocks_share_variables_files_and_the_folder(session: Session):
    session.program(typed("ONE = 1\n", "python", "one.py"))
    session.run(typed('WORD="two words"\nmkdir there && cd there\n'))
    assert session.run(typed('echo "$WORD"; pwd; ls ..')).splitlines()[1].endswith("/there")
    session.console(
        typed("$ python -c \"import sys; sys.path.insert(0, '..'); import one; print(one.ONE)\"\n1\n")
    )


def test_a_command_that_fails_fails_the_page(session: Session):
    with pytest.raises(AssertionError, match="ended with 1"):
        session.run(typed("false | cat\necho never\n"))


def test_a_program_that_raises_fails_the_page(session: Session):
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        session.program(typed("1 / 0\n", "python"))


def test_what_is_started_is_waited_for_and_what_ends_at_once_fails_the_page(session: Session):
    on = Block(page="a page", line=2, language="sh", title=None, text="sleep 9", runs_on="ready")
    ready = Block(
        page="a page", line=3, language="sh", title=None, text="sh -c 'echo ready; sleep 99'", runs_on="ready"
    )
    assert session.run(ready) == "ready\n"
    with pytest.raises(AssertionError, match="ended with 3"):
        session.run(Block(page="p", line=4, language="sh", title=None, text="sh -c 'exit 3'", runs_on="x"))
    assert on.runs_on == "ready"


def test_a_gap_that_nobody_can_fill_fails_the_page(session: Session):
    with pytest.raises(AssertionError, match="nothing is known"):
        session.run(typed("echo …"))


@pytest.mark.parametrize(
    ("expected", "printed", "does"),
    [
        ("one … three\n", "one two three\n", True),
        ("one … three\n", "one two\nthree\n", False),
        ("first\n…\nlast\n", "first\nlast\n", True),
        ("first\n…\nlast\n", "first\na\nb\nlast\n", True),
        ("a.c\n", "abc\n", False),
        ("a\n", "a\nb\n", False),
    ],
)
def test_an_ellipsis_stands_for_anything_in_a_line_or_for_lines(expected: str, printed: str, does: bool):
    assert fits(expected, printed) is does
