"""What a scenario should have done, what it did, and whether that is right."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Outcome", "ReceiptSeen", "SocketOutcome"]

MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketOutcome:
    """One socket: the code it should get (None: stay open), the one it got, and when, from the act."""

    expected_code: int | None
    code: int | None
    latency_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSeen:
    """What the product itself says about it."""

    receipt_id: str
    state: str
    closed: int
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One line of the table. `faults` are sentences; none means that all is right."""

    scenario: str
    sockets: Sequence[SocketOutcome]
    receipt: ReceiptSeen | None
    faults: Sequence[str]

    @property
    def expected_closed(self) -> int:
        """How many sockets should have closed."""
        return sum(socket.expected_code is not None for socket in self.sockets)

    @property
    def closed(self) -> int:
        """How many of those closed, with the code they should get."""
        return sum(s.expected_code is not None and s.code == s.expected_code for s in self.sockets)

    @property
    def wrongly_closed(self) -> int:
        """How many closed that should have stayed open, or closed with another code."""
        return sum(s.code is not None and s.code != s.expected_code for s in self.sockets)

    @property
    def codes(self) -> Mapping[int, int]:
        """How often each code was seen."""
        return Counter(socket.code for socket in self.sockets if socket.code is not None)

    @property
    def is_right(self) -> bool:
        """Exactly the right sockets closed, and the receipt says so."""
        return not self.faults and self.closed == self.expected_closed and self.wrongly_closed == 0

    @property
    def p50_ms(self) -> float | None:
        """The median, from the act to the closing message at the client; None if nothing closed."""
        latencies = self._latencies()
        return round(statistics.median(latencies) * MS, 1) if latencies else None

    @property
    def max_ms(self) -> float | None:
        """The slowest."""
        latencies = self._latencies()
        return round(max(latencies) * MS, 1) if latencies else None

    def as_json(self) -> dict[str, Any]:
        """For programs; `code` is a number, or how often each was seen where there are several."""
        codes = self.codes
        return {
            "scenario": self.scenario,
            "expected_closed": self.expected_closed,
            "closed": self.closed,
            "wrongly_closed": self.wrongly_closed,
            "code": next(iter(codes), None)
            if len(codes) < 2
            else {str(code): codes[code] for code in sorted(codes)},
            "p50_ms": self.p50_ms,
            "max_ms": self.max_ms,
            "receipt": self._receipt_as_json(),
        }

    def _latencies(self) -> list[float]:
        return [socket.latency_s for socket in self.sockets if socket.latency_s is not None]

    def _receipt_as_json(self) -> dict[str, Any] | None:
        if self.receipt is None:
            return None
        receipt = self.receipt
        return {
            "id": receipt.receipt_id,
            "state": receipt.state,
            "closed": receipt.closed,
            "nodes": receipt.nodes,
        }
