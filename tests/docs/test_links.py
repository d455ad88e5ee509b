"""Every relative link of a page leads to a file, and every anchor to a heading."""

import re
from collections import Counter

import pytest

from tests.docs.blocks import PAGES, ROOT

LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
WRITTEN = [*PAGES, "CHANGELOG.md", "SECURITY.md"]


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    without_code = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6} (.+)$", without_code, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


@pytest.mark.parametrize("page", WRITTEN)
def test_every_link_leads_somewhere(page: str):
    wrong = []
    for target, anchor in LINK.findall((ROOT / page).read_text()):
        file = (ROOT / page).parent / target if target else ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            wrong.append((target, anchor))
    assert wrong == []


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text()
    named = {f"docs/{target}" for target, _ in LINK.findall(index)}
    pages = {page for page in PAGES if page.startswith("docs/") and page != "docs/README.md"}
    assert pages - named == set()


def test_anchors_are_made_as_github_makes_them():
    assert anchors("# One: two, three!\n## `cutoff up`\n## Same\n## Same\n") == {
        "one-two-three",
        "cutoff-up",
        "same",
        "same-1",
    }
