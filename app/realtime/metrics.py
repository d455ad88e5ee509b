"""What the realtime part counts. Names and labels are documented in `docs/metrics.md`."""

from prometheus_client import Counter, Gauge

from app.realtime.light_metrics import LightCounter, LightHistogram

__all__ = [
    "CLOSE_LATENCY",
    "COLLECTION_PAUSE",
    "FRAMES_HELD",
    "LAST_CLOSE",
    "LEASE_MISSES",
    "RECONCILIATIONS",
    "SERVED_STALE",
    "SOCKETS_CLOSED",
    "SOCKETS_ENDED",
    "TAIL_FAILURES",
]

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.8, 3, 5, 10)
"""1.8: a tail interval whose poll was slow, which is what is promised where the message was lost."""

CLOSE_LATENCY = LightHistogram(
    "cutoff_close_latency_seconds",
    "From the closure's row in the log to the shut gate of each socket, by reason and by what brought the news.",
    ["reason", "via"],
    bounds_s=BOUNDS_S,
)
LAST_CLOSE = LightHistogram(
    "cutoff_last_close_seconds",
    "From a revocation's first closure in the log to the end of its last socket on this node.",
    bounds_s=BOUNDS_S,
)
LEASE_MISSES = Counter("cutoff_lease_misses_total", "Times that the lease ran out.")
FRAMES_HELD = Counter(
    "cutoff_frames_held_total",
    "Frames that waited at a gate, since the node or the socket was to hold.",
    ["direction"],
)
SERVED_STALE = Counter(
    "cutoff_served_stale_seconds_total",
    "For how long a node under `serve` has carried frames after its lease had run out.",
)
SOCKETS_CLOSED = LightCounter(
    "cutoff_sockets_closed",
    "Sockets whose gate was shut, by reason and by what brought the news.",
    ["reason", "via"],
)
SOCKETS_ENDED = LightCounter(
    "cutoff_sockets_ended",
    "Closed sockets whose transport is gone, by reason and by how it went.",
    ["reason", "outcome"],
)
COLLECTION_PAUSE = Gauge(
    "cutoff_collection_pause_seconds",
    "The longest pause by Python's garbage collector since the node started to serve.",
)
TAIL_FAILURES = Counter("cutoff_tail_failures_total", "Polls of the closure log that renewed no lease.")
RECONCILIATIONS = Counter(
    "cutoff_reconciliations_total",
    "Times that every socket was read again, since the log alone did not lead on.",
)
