import re
from datetime import UTC, datetime, timedelta

import pytest

from app.http.pages.templating import FOLDER, TEMPLATES, in_words


@pytest.mark.parametrize("template", sorted(FOLDER.glob("*.html")), ids=lambda path: path.name)
def test_templates_have_nothing_that_the_policy_forbids_and_nothing_unescaped(template):
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on|\bjs:|javascript:", text)
    assert not re.search(r"""\|\s*safe|autoescape|(src|href|action|hx-get)=["']?(https?:)?//""", text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "no time"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (7200, "2 hours"),
        (86400 * 3, "3 days"),
    ],
)
def test_durations_are_told_in_their_largest_unit(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words
    assert in_words(-timedelta(seconds=seconds)) == words


def test_instants_are_written_in_utc_for_whoever_has_no_script():
    at = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    written = TEMPLATES.filters["instant"](at)
    assert written == '<time datetime="2026-11-21T23:30:00.000+00:00">2026-11-21 23:30 UTC</time>'
