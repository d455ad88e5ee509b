"""Virtual time: whole ticks of 1/64 s, which floats, microseconds and `timedelta` all hold exactly."""

from datetime import UTC, datetime, timedelta

__all__ = ["INTERVAL", "LEASE", "NEVER", "POLL_TIMEOUT", "READ_TIMEOUT", "SECOND", "instant", "seconds"]

SECOND = 64
LEASE = 3 * SECOND
INTERVAL = SECOND
POLL_TIMEOUT = 51
READ_TIMEOUT = 2 * SECOND
NEVER = 1 << 60

_TICK_US = 15_625
_START = datetime(2026, 1, 1, tzinfo=UTC)
_INSTANTS = [_START + timedelta(microseconds=_TICK_US * tick) for tick in range(64 * 200)]


def seconds(ticks: int) -> float:
    """So many ticks as seconds, exactly."""
    return ticks / SECOND


def instant(tick: int) -> datetime:
    """The database's clock at that tick."""
    return _INSTANTS[tick] if 0 <= tick < len(_INSTANTS) else _START + timedelta(microseconds=_TICK_US * tick)
