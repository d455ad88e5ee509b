"""One fleet that is watched: two nodes, a worker and a beat, their logs, metrics and traces, and one revocation."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7
from websockets.asyncio.client import ClientConnection, connect

from app.config import Settings
from app.data.engine import Database
from app.embedded import scratch_folder, start_redis
from app.embedded.free_port import free_port
from tests.builders import Builders, MadeSession
from tests.databases import TestDatabases
from tests.faults.processes import HOST, NodeProcess, OurProcess, beat_process, worker_process
from tests.observability.collector import Collector, a_collector

ROOT = Path(__file__).parents[2]
WITHIN_S = 60.0
REQUEST_ID = "the-click-of-the-test"


@dataclass(frozen=True, slots=True)
class Watched:
    """What was to be seen of one revocation by the time that its receipt was confirmed."""

    nodes: tuple[NodeProcess, ...]
    worker: OurProcess
    collector: Collector
    revocation_id: str
    secrets: tuple[str, ...]
    node_metrics: str
    worker_metrics: str
    caller_trace_id: str
    environment: Mapping[str, str]

    def lines(self, process: OurProcess) -> list[dict[str, Any]]:
        """Those of its log that are events."""
        return [json.loads(line) for line in process.log.splitlines() if line.startswith("{")]


def until(holds: Callable[[], Any], *, within_s: float = WITHIN_S) -> Any:
    gives_up_at = time.monotonic() + within_s
    while not (value := holds()):
        assert time.monotonic() < gives_up_at, "it did not come about in time"
        time.sleep(0.05)
    return value


@pytest.fixture(scope="session")
def watched(databases: TestDatabases) -> Iterator[Watched]:
    with scratch_folder() as folder, databases.clone() as database_url, a_collector() as collector:
        redis = start_redis(folder / "redis")
        port = free_port()
        environment = _environment(database_url, redis.url, collector, worker_metrics=f"{HOST}:{port}")
        nodes = tuple(NodeProcess(name, environment, folder) for name in ("node-1", "node-2"))
        worker = worker_process(environment, folder)
        processes = (*nodes, worker, beat_process("beat", environment, folder))
        try:
            for process in processes:
                process.start()
            yield _watch(environment, nodes, worker, collector)
        finally:
            for process in processes:
                process.kill()
            redis.kill()


def _environment(
    database_url: str, redis_url: str, collector: Collector, *, worker_metrics: str
) -> Mapping[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CUTOFF_", "OTEL_"))},
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CUTOFF_NAMESPACE": f"watched-{uuid7().hex}",
        "CUTOFF_BUS_KEY": "a key of the watched fleet",
        "CUTOFF_COOKIE_SECURE": "false",
        "CUTOFF_WORKER_METRICS": worker_metrics,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


def _watch(
    environment: Mapping[str, str],
    nodes: tuple[NodeProcess, ...],
    worker: OurProcess,
    collector: Collector,
) -> Watched:
    until(lambda: all(node.readiness().get("status") == "current" for node in nodes))
    victim, other = _people(environment)
    until(lambda: _canary_answers(nodes[0]))
    trace_id = uuid7().hex
    revocation_id = asyncio.run(_revoke(nodes, victim, other, trace_id))
    metrics = until(lambda: _metrics_with(nodes[0], "cutoff_last_close_seconds_count 1.0"))
    until(lambda: len(collector.named("close sockets")) == len(nodes) and collector.named("receipt"))
    return Watched(
        nodes=nodes,
        worker=worker,
        collector=collector,
        revocation_id=revocation_id,
        secrets=(victim.token, other.token, victim.refresh_token, victim.token_hash, "a key of the watched"),
        node_metrics=metrics,
        worker_metrics=httpx.get(f"http://{environment['CUTOFF_WORKER_METRICS']}/metrics").text,
        caller_trace_id=trace_id,
        environment=environment,
    )


def _people(environment: Mapping[str, str]) -> tuple[MadeSession, MadeSession]:
    """Two sessions of one account."""
    addresses = {"database_url": environment["DATABASE_URL"], "redis_url": environment["REDIS_URL"]}
    database = Database(Settings.model_validate(addresses), application_name="watched")
    try:
        make = Builders(database)
        account = make.account()
        return make.session(account), make.session(account)
    finally:
        database.dispose()


async def _revoke(
    nodes: tuple[NodeProcess, ...], victim: MadeSession, other: MadeSession, trace_id: str
) -> str:
    """The victim's sockets, one a node, have been closed by a request of the other session."""
    sockets = [await _socket(node, victim.token) for node in nodes]
    headers = {
        "Authorization": f"Bearer {other.token}",
        "Prefer": "wait=20",
        "X-Request-ID": REQUEST_ID,
        "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01",
    }
    async with httpx.AsyncClient(timeout=30) as client:
        address = f"http://{HOST}:{nodes[0].port}/v1/sessions/{victim.session_id}"
        answer = await client.delete(address, headers=headers)
    assert answer.status_code == 200, answer.text
    for socket in sockets:
        assert json.loads(await asyncio.wait_for(socket.recv(), 10))["type"] == "closing"
        await asyncio.wait_for(socket.wait_closed(), 10)
        assert socket.close_code == 4001
    return str(answer.json()["id"])


async def _socket(node: NodeProcess, token: str) -> ClientConnection:
    headers = {"Authorization": f"Bearer {token}"}
    socket = await connect(node.websocket, additional_headers=headers, proxy=None, ping_interval=None)
    assert json.loads(await asyncio.wait_for(socket.recv(), 10))["type"] == "ready"
    return socket


def metrics_of(node: NodeProcess) -> str:
    return httpx.get(f"http://{HOST}:{node.port}/metrics", timeout=10).text


def _metrics_with(node: NodeProcess, line: str) -> str:
    shown = metrics_of(node)
    return shown if line in shown else ""


def _canary_answers(node: NodeProcess) -> bool:
    return "cutoff_worker_canary_age_seconds NaN" not in metrics_of(node)
