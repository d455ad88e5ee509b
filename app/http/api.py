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
    routes_mass_revocations,
    routes_nodes,
    routes_notices,
    routes_previews,
    routes_revocations,
    routes_sessions,
    routes_support_grants,
    routes_support_requests,
    routes_support_sessions,
)
from app.http.activity import Activity
from app.http.background import Background
from app.http.deps import HttpDeps
from app.http.openapi import describe
from app.http.pages import (
    account,
    account_acts,
    accounts,
    audit,
    events,
    fleet,
    mass_revocations,
    members,
    password,
    receipts,
    sign_in,
    support,
    support_grants,
    support_requests,
    support_sessions,
    support_webhook,
    your_sessions,
    your_tokens,
)
from app.http.pages.rendering import install_page_for_nothing_here
from app.http.passwords import PasswordThreads
from app.http.problems import install_problem_handlers
from app.http.request_context import RequestContext
from app.http.request_limit import RequestLimit
from app.http.request_tracing import RequestTracing

__all__ = ["build_api", "finish"]

FINISH_WITHIN = timedelta(seconds=5)

ROUTERS = (
    routes_auth.routes,
    routes_previews.routes,
    routes_sessions.routes,
    routes_api_tokens.routes,
    routes_admin.routes,
    routes_support_grants.routes,
    routes_support_sessions.routes,
    routes_support_requests.routes,
    routes_notices.routes,
    routes_mass_revocations.routes,
    routes_revocations.routes,
    routes_nodes.routes,
    routes_audit_events.routes,
    health.routes,
    metrics.routes,
    docs.routes,
)

PAGES = (
    sign_in.routes,
    events.routes,
    your_sessions.routes,
    your_tokens.routes,
    password.routes,
    members.routes,
    accounts.routes,
    account.routes,
    account_acts.routes,
    receipts.routes,
    audit.routes,
    mass_revocations.routes,
    fleet.routes,
    support.routes,
    support_grants.routes,
    support_requests.routes,
    support_webhook.routes,
    support_sessions.routes,
)
"""What people look at: no part of the API's description."""


def build_api(deps: HttpDeps) -> FastAPI:
    """The application with every HTTP route. Whoever runs it calls `finish` before it closes the bridge."""
    # As they are: `include_router` would build each of them once more, at the first request, on the event loop.
    routes = [route for router in (*ROUTERS, *PAGES) for route in router.routes]
    api = FastAPI(
        title="Cutoff", version="1", docs_url=None, redoc_url=None, redirect_slashes=False, routes=routes
    )
    background = Background()
    api.state.deps = deps
    api.state.background = background
    api.state.activity = Activity(deps.bridge, background)
    api.state.passwords = PasswordThreads()
    install_problem_handlers(api)
    install_page_for_nothing_here(api)
    api.add_middleware(RequestLimit, limit=deps.settings.request_limit)
    api.add_middleware(RequestTracing)
    api.add_middleware(RequestContext)
    api.mount("/static", docs.static_files())
    describe(api)
    return api


async def finish(api: FastAPI) -> None:
    """Revocations that were asked for are enqueued or performed, and what was noted is written; takes a bounded time."""
    api.state.activity.flush()
    await api.state.background.finish(within=FINISH_WITHIN)
