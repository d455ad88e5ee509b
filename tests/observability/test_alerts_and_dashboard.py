"""Alert rules and the dashboard name only what a running node or worker shows; each alert has its page in the runbook."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observability.conftest import Watched

ROOT = Path(__file__).parents[2]
RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())
DASHBOARD = json.loads((ROOT / "deploy/grafana/cutoff.json").read_text())
ALERTS: list[dict[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [rule["expr"] for rule in ALERTS] + [
    target["expr"] for panel in PANELS for target in panel["targets"]
]
METRIC = re.compile(r"\b(cutoff_\w+)(?:\{([^}]*)\})?")
FAMILY = re.compile(r"^# TYPE (\w+) (\w+)$", re.MULTILINE)
SAMPLE = re.compile(r"^(cutoff_\w+)\{([^}]*)\}", re.MULTILINE)


def series_of(exposition: str) -> Iterator[str]:
    """The names under which its metrics can be asked for; also those that have no sample yet."""
    for family, kind in FAMILY.findall(exposition):
        if kind == "histogram":
            yield from (f"{family}_{part}" for part in ("bucket", "sum", "count"))
        else:
            yield family


def test_every_metric_that_a_rule_or_a_panel_names_is_shown_by_a_node_or_a_worker(watched: Watched):
    shown = set(series_of(watched.node_metrics)) | set(series_of(watched.worker_metrics))
    named = {name for expression in EXPRESSIONS for name, _ in METRIC.findall(expression)}
    assert len(named) > 20
    assert named - shown == set()


def test_every_bound_that_a_rule_or_a_panel_names_is_a_bucket(watched: Watched):
    named = {
        (name, bound)
        for expression in EXPRESSIONS
        for name, labels in METRIC.findall(expression)
        for bound in re.findall(r'le="([^"]+)"', labels)
    }
    shown = {
        (name, bound)
        for name, labels in SAMPLE.findall(watched.node_metrics)
        for bound in re.findall(r'le="([^"]+)"', labels)
    }
    assert named
    assert named <= shown


def test_a_worker_shows_its_tasks_by_name_and_outcome(watched: Watched):
    assert 'cutoff_tasks_total{outcome="success",task="perform_revocation"} 1.0' in watched.worker_metrics
    assert 'cutoff_task_seconds_count{task="canary"}' in watched.worker_metrics
    assert 'cutoff_revocations_performed_total{kind="session_revoke"} 1.0' in watched.worker_metrics


def test_a_node_shows_what_it_closed_and_how_fresh_its_knowledge_is(watched: Watched):
    """B263."""
    values = dict(re.findall(r"^(cutoff_\w+) (\S+)$", watched.node_metrics, re.MULTILINE))
    assert values["cutoff_last_close_seconds_count"] == "1.0"
    assert 0 < float(values["cutoff_last_close_seconds_sum"]) < 5
    assert 0 <= float(values["cutoff_node_tail_age_seconds"]) < 3
    assert 0 <= float(values["cutoff_node_doorbell_age_seconds"]) < 3
    assert values["cutoff_node_triggers_missing"] == "0.0"
    assert 'cutoff_sockets_ended_total{outcome="clean",reason="session_revoked"} 1.0' in watched.node_metrics


def test_a_rule_has_the_shape_that_prometheus_wants():
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)
    for rule in ALERTS:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_brackets_of_an_expression_close(expression: str):
    open_ones: list[str] = []
    for character in re.sub(r'"[^"]*"', "", expression):
        if character in "([{":
            open_ones.append({"(": ")", "[": "]", "{": "}"}[character])
        elif character in ")]}":
            assert open_ones.pop() == character
    assert open_ones == []


def test_each_alert_leads_to_its_section_of_the_runbook_and_each_section_has_its_alert():
    sections = re.findall(r"^## (\w+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
    assert sections == [rule["alert"] for rule in ALERTS]
    for rule in ALERTS:
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"


def test_the_dashboard_has_its_rows_and_no_panel_lies_on_another():
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == ["Promise", "Nodes", "Doorbell", "Database", "Queue"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
