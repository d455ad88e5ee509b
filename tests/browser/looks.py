"""How a page looks: at two widths, light and dark, to a screen reader and to whoever opens the screenshots."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

__all__ = ["LOOKS", "check_accessibility", "looks_well"]

SCREENSHOTS = Path(__file__).parents[2] / ".screenshots"
SERIOUS = {"serious", "critical"}

Scheme = Literal["light", "dark"]

LOOKS: Sequence[tuple[int, int, Scheme]] = (
    (1280, 800, "light"),
    (1280, 800, "dark"),
    (360, 740, "light"),
    (360, 740, "dark"),
)


def check_accessibility(page: Page) -> None:
    """axe finds nothing serious on the page as it stands."""
    found = Axe().run(page).response["violations"]
    serious = [_told(each) for each in found if each["impact"] in SERIOUS]
    assert not serious, "\n".join(serious)


def looks_well(page: Page, name: str) -> None:
    """The page fits and is accessible in every look; a screenshot of each is kept under `.screenshots/`."""
    for width, height, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{_file_name(name)}-{width}-{scheme}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"at {width} px one has to scroll sideways: {wide} px"
        check_accessibility(page)


def _file_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _told(violation: dict[str, Any]) -> str:
    where = "; ".join(" ".join(map(str, node["target"])) for node in violation["nodes"][:5])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}: {where}"
