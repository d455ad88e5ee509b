"""One file a benchmark. `ALL` is the order in which they are played."""

from benchmarks.cases import (
    expiry,
    fleet_size,
    frames,
    idle_fleet,
    idle_sockets,
    mass_close,
    opens,
    publish_to_close,
    queue_rate,
    receipts,
    registry,
    request_to_close,
    revocation_work,
    rotation,
    sockets_a_node,
    sql_to_close,
    storm,
    storm_sizes,
    strays,
    terminate_all,
)

__all__ = ["ALL"]

ALL = (
    publish_to_close.BENCHMARK,
    request_to_close.BENCHMARK,
    sql_to_close.BENCHMARK,
    storm.BENCHMARK,
    storm_sizes.BENCHMARK,
    queue_rate.BENCHMARK,
    mass_close.BENCHMARK,
    opens.BENCHMARK,
    idle_sockets.BENCHMARK,
    frames.BENCHMARK,
    strays.BENCHMARK,
    receipts.BENCHMARK,
    idle_fleet.BENCHMARK,
    fleet_size.BENCHMARK,
    sockets_a_node.BENCHMARK,
    registry.BENCHMARK,
    revocation_work.BENCHMARK,
    rotation.BENCHMARK,
    terminate_all.BENCHMARK,
    expiry.BENCHMARK,
)
