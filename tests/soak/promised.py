"""What a soak holds the fleet to."""

from tests.faults.bounds import GRACE_S, LEASE_S

BOUND_S = LEASE_S
"""No frame passes on a socket whose credential has ended for so long, whatever is broken meanwhile."""
TOO_LATE_S = 0.5
"""On top: the kernel and the other processes of a busy machine."""
LONGEST_FREEZE_S = 4.0
GONE_WITHIN_S = LEASE_S + LONGEST_FREEZE_S + GRACE_S + 2.0
"""Then the socket itself is gone too, a node that was frozen included."""
GROWTH = 0.15
GROWTH_MIB = 24.0
"""A node's memory is flat if it grows by no more than the greater of the two, from when it has warmed up to the end."""
WARM_UP_S = 120.0
"""So long, or a third of the soak: closed sockets leave after some seconds, and the heap finds its size."""
