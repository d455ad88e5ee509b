"""`/metrics`: what Prometheus reads."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import httpx

from app.bridge import Bridge
from app.data.engine import Database
from app.data.rows import run
from app.domain.errors import Unavailable
from app.http.api import build_api
from tests.http.parts import Node, client_of, deps_without_database


class NobodyThere:
    """A bridge to a database that is away."""

    async def run(self, _operation: Callable[..., Any], /, *_args: object, **_kwargs: object) -> Any:
        raise Unavailable("database")


async def shown_without_a_database() -> str:
    deps = replace(deps_without_database(), bridge=cast("Bridge", NobodyThere()))
    async with client_of(build_api(deps)) as client:
        await client.get("/livez")
        await client.get("/some/secret/path")
        return (await client.get("/metrics")).text


async def test_metrics_show_the_node_and_the_requests_by_route_and_never_by_address() -> None:
    shown = await shown_without_a_database()
    assert "cutoff_node_current 1.0" in shown
    assert 'cutoff_http_requests_total{method="GET",route="/livez",status="200"}' in shown
    assert "secret" not in shown


async def test_without_a_database_the_backlog_is_unknown() -> None:
    shown = await shown_without_a_database()
    for gauge in (
        "cutoff_revocation_oldest_waiting_seconds",
        "cutoff_revocations_stuck",
        "cutoff_receipts_open",
        "cutoff_receipt_oldest_open_seconds",
        "cutoff_worker_canary_age_seconds",
    ):
        assert f"{gauge} NaN" in shown


async def test_the_age_of_what_a_node_knows_shows_and_is_unknown_before_its_first_poll() -> None:
    """B264."""
    assert "cutoff_node_tail_age_seconds NaN" in await shown_without_a_database()
    deps = replace(
        deps_without_database(),
        bridge=cast("Bridge", NobodyThere()),
        node=Node(
            tail_age=timedelta(seconds=0.5),
            doorbell_age=timedelta(seconds=90),
            triggers_missing=("session.session_updated",),
        ),
    )
    async with client_of(build_api(deps)) as client:
        shown = (await client.get("/metrics")).text
    assert "cutoff_node_tail_age_seconds 0.5" in shown
    assert "cutoff_node_doorbell_age_seconds 90.0" in shown
    assert "cutoff_node_triggers_missing 1.0" in shown


async def test_the_revocation_that_has_waited_longest_shows(
    client: httpx.AsyncClient, database: Database
) -> None:
    """B75."""
    with database.session() as db:
        run(
            db,
            """
            INSERT INTO revocation (id, kind, source, reason, requested_at)
            VALUES (gen_random_uuid(), 'session_revoke', 'request', 'session_revoked', clock_timestamp() - interval '1 hour')
            """,
        )
    shown = (await client.get("/metrics")).text
    (waited,) = [
        line for line in shown.splitlines() if line.startswith("cutoff_revocation_oldest_waiting_seconds ")
    ]
    assert float(waited.split()[1]) >= 3600
    assert "cutoff_receipts_open 1.0" in shown
    assert "cutoff_revocations_stuck 1.0" in shown
    (opened,) = [
        line for line in shown.splitlines() if line.startswith("cutoff_receipt_oldest_open_seconds ")
    ]
    assert float(opened.split()[1]) >= 3600
