"""`docs/cli.md` says of every command what the command says of itself."""

from app.cli.exit_status import ExitStatus
from tests.docs.cli_page import PAGE, made


def test_the_page_is_what_the_commands_say():
    assert PAGE.read_text() == made(), "write it anew: python -m tests.docs.cli_page"


def test_it_has_every_command_and_every_status():
    page = made()
    for command in ("up", "node", "migrate", "nodes forget NODE_ID", "revoke"):
        assert f"## `cutoff {command}" in page
    for status in ExitStatus:
        assert f"| {status.value} | {status.meaning} |" in page
