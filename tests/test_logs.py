"""What a log line holds, and what it does not."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app.config import Environment
from app.domain.credentials import SECRET_BYTES, TokenKind, token_from
from app.logs import set_up_logs, without_tokens

TOKEN = token_from(TokenKind.SESSION, bytes(range(SECRET_BYTES)))
tokens = st.builds(
    token_from, st.sampled_from(TokenKind), st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)
)


@pytest.fixture
def before() -> Iterator[None]:
    configured = structlog.get_config()
    yield
    structlog.configure(**configured)


def logged(environment: Environment, **event: object) -> str:
    """What is written when an error is logged that has a token among its local variables."""
    written = StringIO()
    set_up_logs(environment)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    log = structlog.get_logger()
    try:
        header = TOKEN
        raise ValueError(len(header))
    except ValueError:
        log.exception("it_failed", **event)
    return written.getvalue()


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("environment", Environment)
def test_a_traceback_shows_no_local_variables(environment: Environment) -> None:
    line = logged(environment)
    assert "ValueError" in line
    assert TOKEN.removeprefix(TokenKind.SESSION) not in line
    assert "header = " not in line


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("environment", Environment)
def test_a_token_in_a_path_is_cut_to_its_prefix(environment: Environment) -> None:
    line = logged(environment, path=f"/v1/sessions/{TOKEN}/x")
    assert "/v1/sessions/cutoff_session_…" in line
    assert TOKEN not in line


@pytest.mark.usefixtures("before")
def test_in_production_a_line_is_json_with_its_level_and_its_time() -> None:
    event = json.loads(logged(Environment.PRODUCTION, revocation_id="x"))
    assert (event["event"], event["level"], event["revocation_id"]) == ("it_failed", "error", "x")
    assert event["timestamp"].endswith("Z")


@given(st.text(), tokens, st.text())
def test_no_token_survives_in_any_text(before: str, token: str, after: str) -> None:
    text = f"{before} {token}{after}"
    assert token not in without_tokens(text)
