"""The list of all faults, in the order in which they are played."""

from tests.faults import (
    bus_faults,
    clock_faults,
    node_faults,
    opening_faults,
    peer_faults,
    postgres_faults,
    redis_faults,
    table_faults,
    worker_faults,
)
from tests.faults.fault import FAULTS

__all__ = [
    "FAULTS",
    "bus_faults",
    "clock_faults",
    "node_faults",
    "opening_faults",
    "peer_faults",
    "postgres_faults",
    "redis_faults",
    "table_faults",
    "worker_faults",
]
