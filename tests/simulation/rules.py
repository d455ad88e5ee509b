"""The shells' part of the rules, as switches: the simulator's nodes do as the shells do, and mutants switch one off."""

from dataclasses import dataclass

__all__ = ["RULES", "Rules"]


@dataclass(slots=True)
class Rules:
    """All as in `app.realtime`."""

    attaches_before_reading: bool = True
    applies_before_advancing: bool = True
    polls_by_snapshot: bool = True
    waits_for_baseline: bool = True
    waits_for_its_row: bool = True
    takes_time_before_sending: bool = True
    mutes_after_reconciling: bool = True
    tails: bool = True
    has_gate: bool = True
    reads_the_primary: bool = True
    arms_by_wall_clock: bool = False
    overlaps_polls: bool = False


RULES = Rules()
