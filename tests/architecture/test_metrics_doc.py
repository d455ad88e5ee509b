"""`docs/metrics.md` names every metric that there is, with its labels and type, and no other."""

import re
from pathlib import Path

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import app.asgi
import app.operations.run_mass_revocation  # noqa: F401 - a node's metrics come with it, and a job's
import worker.tasks  # noqa: F401 - and a worker's with its tasks
from app.realtime.light_metrics import LightCounter, LightHistogram

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `(cutoff_\w+)(?:\{([\w,]+)\})?` \| (\w+) \|", re.MULTILINE)


def test_every_metric_is_documented_with_its_labels_and_type() -> None:
    documented = {name: (labels, kind) for name, labels, kind in ROW.findall(DOCUMENT.read_text())}
    registered = {
        collector._name: (",".join(collector._labelnames), collector._type)
        for collector in list(REGISTRY._collector_to_names)
        if isinstance(collector, MetricWrapperBase) and collector._name.startswith("cutoff_")
    }
    for collector in list(REGISTRY._collector_to_names):
        if isinstance(collector, LightCounter | LightHistogram):
            (family,) = collector.collect()
            registered[family.name] = (",".join(family._labelnames), family.type)
    assert documented == registered
