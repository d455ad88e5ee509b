"""One trace runs from the click to the last socket, over four processes."""

import subprocess
import sys

import psycopg

from tests.observability.collector import SeenSpan
from tests.observability.conftest import Watched, until

ROUTE = "DELETE /v1/sessions/{session_id}"


def only(watched: Watched, name: str) -> SeenSpan:
    (span,) = [span for span in watched.collector.named(name) if span.trace_id == watched.caller_trace_id]
    return span


def test_every_span_of_the_revocation_is_of_the_callers_trace(watched: Watched):
    of_it = [
        span
        for span in watched.collector.spans
        if span.attributes.get("cutoff.revocation_id") == watched.revocation_id
    ]
    assert {span.trace_id for span in of_it} == {watched.caller_trace_id}
    assert {span.service for span in of_it} == {"cutoff-node", "cutoff-worker"}


def test_the_chain_leads_from_the_request_over_the_task_to_each_nodes_last_socket(watched: Watched):
    request = only(watched, ROUTE)
    enqueue, task = only(watched, "enqueue"), only(watched, "task perform_revocation")
    performed, ended = only(watched, "perform revocation"), only(watched, "end credentials")
    published = only(watched, "publish")
    assert request.parent_id == "00f067aa0ba902b7"
    assert enqueue.parent_id == request.span_id
    assert (task.parent_id, task.service) == (enqueue.span_id, "cutoff-worker")
    assert performed.parent_id == task.span_id
    assert {ended.parent_id, published.parent_id} == {performed.span_id}
    closes = watched.collector.named("close sockets")
    assert {span.parent_id for span in closes} == {ended.span_id}
    assert {span.attributes["cutoff.node"] for span in closes} == {"node-1", "node-2"}
    assert {span.attributes["cutoff.sockets"] for span in closes} == {1}
    assert all(0 < span.ended_ns - span.began_ns < 5_000_000_000 for span in closes)
    receipt = only(watched, "receipt")
    assert receipt.parent_id == ended.span_id
    assert receipt.attributes["cutoff.is_confirmed"] is True
    assert receipt.ended_ns >= max(span.ended_ns for span in closes) - 1_000_000_000


def test_what_nobody_has_enqueued_keeps_the_trace_of_who_asked(watched: Watched):
    """A handler that dies behind its commit: a node or a sweep performs, and finds the trace in the row."""
    parent = "00-" + "a1" * 16 + "-" + "b2" * 8 + "-01"
    with psycopg.connect(watched.environment["DATABASE_URL"]) as connection:
        connection.execute(
            """
            INSERT INTO revocation (id, kind, source, reason, target_id, account_id, traceparent)
            VALUES (gen_random_uuid(), 'session_revoke', 'request', 'session_revoked', gen_random_uuid(), gen_random_uuid(), %s)
            """,
            [parent],
        )

    def performed() -> list[SeenSpan]:
        named = watched.collector.named("perform revocation")
        return [span for span in named if span.trace_id == "a1" * 16]

    (span, *_) = until(performed)
    assert span.parent_id == "b2" * 8
    until(lambda: any(receipt.trace_id == "a1" * 16 for receipt in watched.collector.named("receipt")))


def test_no_secret_is_in_a_trace(watched: Watched):
    """B250."""
    for secret in watched.secrets:
        assert secret.encode() not in watched.collector.raw


def test_without_a_collector_nothing_of_opentelemetry_is_imported():
    program = """
import sys
import app.asgi, worker.tasks
from app.config import load_settings
from app.logs.tracing import is_tracing, set_up_tracing, span, traceparent
set_up_tracing(load_settings(DATABASE_URL="postgresql://x/x", REDIS_URL="redis://x"), service="s", instance="i")
with span("x", parent="00-" + "1" * 32 + "-" + "2" * 16 + "-01") as noted:
    noted.note(a=1)
    noted.rename("y")
    assert traceparent() is None
assert not is_tracing()
# (redis-py looks for OpenTelemetry's metrics on its own account.)
ours = ("opentelemetry.exporter", "opentelemetry.sdk.trace.export")
assert not [name for name in sys.modules if name.startswith(ours)]
"""
    environment = {"PATH": "/usr/bin", "DATABASE_URL": "postgresql://x/x", "REDIS_URL": "redis://x"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
