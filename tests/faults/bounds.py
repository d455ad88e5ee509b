"""The numbers that the product promises at its default settings, and how exactly we can measure them."""

from app.config import Settings

_DEFAULTS = Settings.model_validate({"database_url": "", "redis_url": ""})

TAIL_S = _DEFAULTS.tail_interval.total_seconds()
POLL_S = _DEFAULTS.poll_timeout.total_seconds()
LEASE_S = _DEFAULTS.lease.total_seconds()
PERFORM_WITHIN_S = _DEFAULTS.perform_within.total_seconds()
ENQUEUE_S = _DEFAULTS.enqueue_timeout.total_seconds()
GRACE_S = _DEFAULTS.close_grace.total_seconds()
IDLE_S = _DEFAULTS.idle_in_transaction_timeout.total_seconds()

BY_TAIL_S = TAIL_S + POLL_S
"""The doorbell did not ring: one tail interval, and a slow poll."""
BY_NODE_S = PERFORM_WITHIN_S + TAIL_S
"""Nobody took the task."""
BY_DOORBELL_S = 0.25
"""DESIGN says milliseconds."""
GONE_S = GRACE_S + 0.1
"""A timer of that length, and a reset on its way to us."""
AT_EXPIRY_S = 0.1
"""DESIGN says none; a frame that was on its way to us at the instant is seen after it."""
RECEIPT_S = LEASE_S + 0.5 + 0.25
"""One lease and its margin; whoever waits for a receipt looks every quarter of a second."""
LOCK_S = _DEFAULTS.lock_timeout.total_seconds()

ALLOWANCE_S = 0.3
"""On top of each bound: our own loop, the kernel and the other processes of a busy machine of two cores."""
EVERY_S = 0.04
"""How often each watched socket sends an echo request."""
GAP_S = 1.0
"""How long a bystander's echoes may stop where nothing makes its node hold."""
