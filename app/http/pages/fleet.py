"""The fleet: who holds sockets and knows what is true, how fast ends arrive, and what is not confirmed."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from app.domain.fleet import FleetView
from app.http.deps import deps_of
from app.http.pages.charts import Chart, counts_chart, durations_chart
from app.http.pages.happenings import happened
from app.http.pages.rendering import render
from app.http.pages.visitor import PageVisitor, page_router
from app.operations.read_fleet import CLOSE_TIMES, read_fleet
from app.operations.read_visitor import Visitor

__all__ = ["routes"]

STATES = {
    "current": ("current", "good"),
    "deaf": ("deaf: no doorbell", "busy"),
    "not current": ("not current", "bad"),
    "other cluster": ("on another cluster", "bad"),
    "silent": ("silent", "bad"),
    "left": ("has left", ""),
}
"""What a node's state is called here, and how its badge looks."""

routes: APIRouter = page_router()


@routes.get("/fleet")
async def fleet(request: Request, visitor: PageVisitor) -> Response:
    """The whole page."""
    return await _page(request, visitor, "fleet.html")


@routes.get("/fleet/live")
async def live_fleet(request: Request, visitor: PageVisitor) -> Response:
    """The same without the page around it."""
    return await _page(request, visitor, "_fleet.html")


async def _page(request: Request, visitor: Visitor, template: str) -> Response:
    found = await deps_of(request).bridge.run(read_fleet, caller=visitor.caller)
    return render(
        request,
        template,
        fleet=found,
        states=STATES,
        happened=happened,
        short=_short,
        closes_chart=_closes_chart(found),
        minutes_chart=_minutes_chart(found),
    )


def _closes_chart(found: FleetView) -> Chart:
    times = [
        (each.took.total_seconds(), f"{happened(each.kind)}: {_short(each.took)}")
        for each in found.close_times
    ]
    return durations_chart(times, slots=CLOSE_TIMES)


def _minutes_chart(found: FleetView) -> Chart:
    return counts_chart(
        [(each.revocations, f"{each.minute:%H:%M} UTC: {each.revocations}") for each in found.minutes]
    )


def _short(duration: timedelta | None) -> str:
    """In the unit that suits it."""
    if duration is None:
        return "never"
    seconds = duration.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
