"""The templates, escaped, and what they call; imported with the engine behind them when a first page is shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from uuid_utils.compat import uuid7

from app.http.pages.wording import ended_because

__all__ = ["FOLDER", "TEMPLATES", "in_words"]

FOLDER = Path(__file__).parent / "templates"


def in_words(duration: timedelta) -> str:
    """About how long, in its largest unit: "3 minutes", "1 day"; less than a second is "no time"."""
    seconds = int(abs(duration).total_seconds())
    for size, unit in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "no time"


def _instant(at: datetime | None) -> str:
    """A `<time>` in UTC, which the script of the page shows in the visitor's own zone; a dash for None."""
    if at is None:
        return Markup("–")  # noqa: RUF001 - a dash in a table
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        utc.isoformat(timespec="milliseconds"), utc.strftime("%Y-%m-%d %H:%M UTC")
    )


@pass_context
def _age(context: Context, at: datetime | None) -> str:
    """How long ago, or in how long, by the database's clock; needs a visitor. A dash for None."""
    if at is None:
        return Markup("–")  # noqa: RUF001 - a dash in a table
    gone = context["visitor"].now - at
    if abs(gone) < timedelta(seconds=5):
        told = "just now"
    else:
        told = f"{in_words(gone)} ago" if gone > timedelta(0) else f"in {in_words(gone)}"
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" data-age title="{}">{}</time>').format(
        utc.isoformat(timespec="milliseconds"), utc.strftime("%Y-%m-%d %H:%M:%S UTC"), told
    )


def _new_key() -> str:
    return str(uuid7())


_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters.update(age=_age, duration=in_words, ended_because=ended_because, instant=_instant)
TEMPLATES.globals.update(new_key=_new_key)
