"""Charts as numbers for SVG: what a template draws, without a script and without a style attribute."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

__all__ = ["Bar", "Chart", "Line", "counts_chart", "durations_chart"]

WIDTH, HEIGHT = 600, 200
LEFT, RIGHT, TOP, BOTTOM = 72, 8, 10, 10
GAP = 2
LEAST_BAR = 1.0
SHORTEST_S, LONGEST_S = 0.001, 10.0
DECADES = ((0.001, "1 ms"), (0.01, "10 ms"), (0.1, "100 ms"), (1.0, "1 s"), (10.0, "10 s"))
TICKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle, and what it says to whoever points at it."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A horizontal line of the scale, and its label."""

    y: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All of it, in units of the view box `0 0 width height`; lines run from `left` to `right`."""

    width: int
    height: int
    left: int
    right: int
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]


def durations_chart(seconds: Sequence[tuple[float, str]], *, slots: int) -> Chart:
    """Durations with their titles on a logarithmic scale from 1 ms to 10 s; what is beyond is drawn at its end."""
    bars = _bars([(_share_of_decades(value), title) for value, title in seconds], slots=slots)
    return _chart(bars, tuple(Line(y=_y(_share_of_decades(at)), label=label) for at, label in DECADES))


def counts_chart(counts: Sequence[tuple[int, str]]) -> Chart:
    """Counts with their titles on a scale from 0 to a round number that is not below the highest."""
    step = _round_step(max((count for count, _ in counts), default=0))
    top = step * TICKS
    bars = _bars([(count / top, title) for count, title in counts], slots=max(1, len(counts)))
    return _chart(bars, tuple(Line(y=_y(tick / TICKS), label=str(step * tick)) for tick in range(TICKS + 1)))


def _chart(bars: tuple[Bar, ...], lines: tuple[Line, ...]) -> Chart:
    return Chart(width=WIDTH, height=HEIGHT, left=LEFT, right=WIDTH - RIGHT, bars=bars, lines=lines)


def _bars(shares: Sequence[tuple[float, str]], *, slots: int) -> tuple[Bar, ...]:
    """From the left, one a slot; what is nothing has no bar."""
    slot = (WIDTH - LEFT - RIGHT) / max(slots, len(shares), 1)
    return tuple(
        Bar(
            x=round(LEFT + number * slot, 2),
            y=round(_y(share) if share else _y(0), 2),
            width=round(slot - GAP, 2),
            height=round(max(LEAST_BAR, _y(0) - _y(share)) if share else 0, 2),
            title=title,
        )
        for number, (share, title) in enumerate(shares)
    )


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 2)


def _share_of_decades(seconds: float) -> float:
    within = min(max(seconds, SHORTEST_S), LONGEST_S)
    return log10(within / SHORTEST_S) / log10(LONGEST_S / SHORTEST_S)


def _round_step(highest: int) -> int:
    """1, 2 or 5 times a power of ten, four of which reach the highest."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * TICKS >= highest:
                return factor * power
        power *= 10
