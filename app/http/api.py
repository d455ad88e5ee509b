"""Puts the HTTP face together."""

from datetime import timedelta

from fastapi import FastAPI

from app.http import (
    docs,
    health,
    metrics,
    routes_admin,
    routes_api_tokens,
    routes_audit_events,
    routes_auth,
    routes_nodes,
    routes_revocations,
    routes_sessions,
    routes_support_grants,
    routes_support_sessions,
)
from app.http.activity import Activity
from app.http.background import Background
from app.http.deps import HttpDeps
from app.http.openapi import describe
from app.http.passwords import PasswordThreads
from app.http.problems import install_problem_handlers
from app.http.request_context import RequestContext
from app.http.request_limit import RequestLimit

__all__ = ["build_api", "finish"]

FINISH_WITHIN = timedelta(seconds=5)

ROUTERS = (
    routes_auth.routes,
    routes_sessions.routes,
    routes_api_tokens.routes,
    routes_admin.routes,
    routes_support_grants.routes,
    routes_support_sessions.routes,
    routes_revocations.routes,
    routes_nodes.routes,
    routes_audit_events.routes,
    health.routes,
    metrics.routes,
    docs.routes,
)


def build_api(deps: HttpDeps) -> FastAPI:
    """The application with every HTTP route. Whoever runs it calls `finish` before it closes the bridge."""
    api = FastAPI(title="Cutoff", version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    background = Background()
    api.state.deps = deps
    api.state.background = background
    api.state.activity = Activity(deps.bridge, background)
    api.state.passwords = PasswordThreads()
    install_problem_handlers(api)
    api.add_middleware(RequestLimit, limit=deps.settings.request_limit)
    api.add_middleware(RequestContext)
    for router in ROUTERS:
        api.include_router(router)
    api.mount("/static", docs.static_files())
    describe(api)
    return api


async def finish(api: FastAPI) -> None:
    """Revocations that were asked for are enqueued or performed, and what was noted is written; takes a bounded time."""
    api.state.activity.flush()
    await api.state.background.finish(within=FINISH_WITHIN)
