import re
from pathlib import Path

import app
from app.domain.receipts import ReceiptState
from app.domain.revocation_request import RevocationKind
from app.http.pages.happenings import HAPPENED, KINDS, STATES, happened

APP = Path(app.__path__[0])


def test_every_kind_of_revocation_and_every_state_has_words():
    assert set(RevocationKind) <= set(KINDS)
    assert set(STATES) == set(ReceiptState)
    assert set(KINDS) <= set(HAPPENED)


def test_every_type_that_an_operation_writes_has_words():
    sources = [path.read_text() for folder in ("operations", "data") for path in (APP / folder).glob("*.py")]
    written = {word for source in sources for word in re.findall(r'\btype="(\w+)"', source)}
    assert "sign_in" in written
    assert written <= set(HAPPENED)


def test_a_word_of_a_newer_version_is_made_readable():
    assert happened("moon_landing") == "Moon landing"
