"""What a worker's process counts, and where; on a real fleet: `tests/observability`."""

import socket
import urllib.request

import pytest
from prometheus_client import REGISTRY

from app.embedded.free_port import free_port
from worker import watching


@pytest.fixture(autouse=True)
def _nothing_is_shown_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_SHOWN", [])


def count(outcome: str) -> float:
    return REGISTRY.get_sample_value("cutoff_tasks_total", {"task": "prune", "outcome": outcome}) or 0.0


def test_a_task_is_counted_by_its_short_name_and_its_outcome_and_its_time_is_taken():
    before = count("success"), count("failure")
    for outcome in ("success", "failure"):
        watching.task_begins("1", name="worker.tasks.prune", trace=None)
        watching.task_ends("1", name="worker.tasks.prune", outcome=outcome)
    assert (count("success") - before[0], count("failure") - before[1]) == (1, 1)
    assert (REGISTRY.get_sample_value("cutoff_task_seconds_count", {"task": "prune"}) or 0) >= 2


def test_each_process_shows_its_metrics_on_a_port_of_its_own():
    port = free_port()
    watching.show_metrics(f"127.0.0.1:{port - 1}", number=1)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b"cutoff_tasks_total" in answer.read()


def test_a_port_that_is_taken_costs_the_numbers_and_not_the_worker():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        watching.show_metrics(f"127.0.0.1:{taken.getsockname()[1]}", number=0)
    assert watching._SHOWN == []


def test_without_an_address_nothing_is_shown():
    watching.show_metrics(None, number=0)
    assert watching._SHOWN == []
