"""Several stacks at once, on one Redis; who is not measured at the moment is at rest."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.benchmark import Options
from benchmarks.stacks.others import channels, python_socketio, socketio, subscriber
from benchmarks.stacks.ours import OurFleet, our_fleet, our_stack
from benchmarks.stacks.stack import Stack

__all__ = ["all_stacks", "ours_and_subscriber"]


@contextmanager
def ours_and_subscriber() -> Iterator[tuple[OurFleet, Stack, Stack]]:
    """Our fleet and the hand-written floor."""
    with our_fleet() as ours, our_stack(ours) as mine, subscriber(ours.redis_url) as floor:
        yield ours, mine, floor


@contextmanager
def all_stacks(options: Options) -> Iterator[list[Stack]]:
    """Those two, and the peers if they were asked for."""
    with ours_and_subscriber() as (ours, mine, floor), ExitStack() as ending:
        others = (socketio, channels, python_socketio) if options.peers else ()
        yield [mine, floor, *(ending.enter_context(other(ours.redis_url)) for other in others)]
