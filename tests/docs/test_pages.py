"""Every fenced block of the README and of the pages is what it claims to be: it is run, parsed, or visibly left out."""

import configparser
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from app.config import Settings
from tests.docs.blocks import PAGES, Block, beside, blocks_of
from tests.docs.session import Session

WITH_BLOCKS = [page for page in PAGES if blocks_of(page)]
PAGE_WITHIN_S = 240
NOT_RUN = {
    "README.md": [
        "minutes; tests/acceptance runs the demo, and you are reading what runs the tests",
        "one run's numbers; tests/acceptance runs the demo and checks each row",
        "they run for ever; tests/architecture/test_compose.py tries each with its options",
        "installs servers, and takes minutes",
    ],
    "docs/decisions/0003-snapshot-as-cursor.md": [
        "a fragment; docs/wire.md has the whole statement, which is run"
    ],
    "docs/operate.md": ["the id is that of your dead node; tests/cli/test_operator_commands.py forgets one"],
    "docs/performance.md": ["minutes each, on a machine of their own; tests/benchmarks tries their parts"],
    "docs/quick-start.md": ["needs websocat, which is no part of this repository"],
}
"""Each block that no test runs, by why. There should be few: a page's word is worth what its test is."""


@pytest.fixture
def session(tmp_path: Path, settings: Settings) -> Iterator[Session]:
    secret = settings.bus_key
    assert secret is not None
    session = Session(
        tmp_path,
        {
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "CUTOFF_NAMESPACE": settings.namespace,
            "CUTOFF_BUS_KEY": secret.get_secret_value(),
        },
    )
    yield session
    session.stop()


@pytest.mark.timeout(PAGE_WITHIN_S)
@pytest.mark.parametrize("page", WITH_BLOCKS)
def test_a_page_works_from_its_first_block_to_its_last(page: str, session: Session, settings: Settings):
    command = beside(page)
    if command is not None:
        session.run(
            Block(page=page, line=0, language="sh", title=None, text=command, runs_on="Ctrl-C stops it all.")
        )
    for block in blocks_of(page):
        if block.not_run is None:
            _ways(session, settings)[block.language](block)


def test_what_is_not_run_says_so_and_is_little():
    left_out = {page: [block.not_run for block in blocks_of(page) if block.not_run] for page in PAGES}
    assert {page: reasons for page, reasons in left_out.items() if reasons} == NOT_RUN


def _ways(session: Session, settings: Settings) -> dict[str, Callable[[Block], object]]:
    return {
        "sh": session.run,
        "console": session.console,
        "python": session.program,
        "text": lambda block: session.printed(block) if block.printed_by else None,
        "json": lambda block: json.loads(block.text),
        "yaml": lambda block: yaml.safe_load(block.text),
        "ini": lambda block: _parser().read_string(block.text),
        "sql": lambda block: _explained(block, settings),
    }


def _parser() -> configparser.RawConfigParser:
    """Names as they stand, and a name without a value is an error."""
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    return parser


def _explained(block: Block, settings: Settings) -> None:
    """PostgreSQL has carried out each statement, on tables as they are; nothing stays."""
    with psycopg.connect(settings.database_url) as connection:
        for statement in filter(str.strip, block.text.split(";")):
            connection.execute(statement.encode())
        connection.rollback()
