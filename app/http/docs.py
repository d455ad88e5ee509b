"""`/docs`: the API's description in Swagger UI, which is served from here and loads nothing from elsewhere."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

__all__ = ["routes", "static_files"]

STATIC = Path(__file__).parent / "static"

routes = APIRouter(include_in_schema=False)


@routes.get("/docs")
async def docs() -> FileResponse:
    """The page; everything that it loads comes from /static."""
    return FileResponse(STATIC / "docs.html", headers={"Content-Security-Policy": _POLICY})


def static_files() -> StaticFiles:
    """What the pages load; browsers keep it, and ask each time whether it is still the same."""
    return _Revalidated(directory=STATIC)


class _Revalidated(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
