"""Which browser the tests drive: the one that is named, the system's, or Playwright's own."""

import os
import shutil

from playwright.sync_api import Playwright

__all__ = ["NO_BROWSER", "find_chromium"]

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
NO_BROWSER = (
    "The browser tests need Chromium: run .ci/browser, install it (Debian: apt install chromium), or name one: "
    "CUTOFF_BROWSER=/path/to/chrome."
)


def find_chromium(playwright: Playwright) -> str | None:
    """The path of a Chromium; None where there is none."""
    given = os.environ.get("CUTOFF_BROWSER")
    known = (given,) if given else (*NAMES, playwright.chromium.executable_path)
    return next((found for name in known if (found := shutil.which(name))), None)
