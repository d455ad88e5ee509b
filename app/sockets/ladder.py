"""How one socket ends, step by step, once its gate is shut: last message, close frame, bounded grace, abort (R11).

Pure: the shell reports what it sees, and does what the step says.
"""

from enum import Enum, StrEnum

__all__ = ["Ladder", "Outcome", "Step"]


class Step(Enum):
    """What to do now: say goodbye and send the close frame, reset the connection, let it go, or wait."""

    SAY_GOODBYE = "say_goodbye"
    ABORT = "abort"
    LET_GO = "let_go"
    WAIT = "wait"


class Outcome(StrEnum):
    """How it went: the peer answered, we reset the connection, or the peer had left before the frame was sent."""

    CLEAN = "clean"
    ABORTED = "aborted"
    ALREADY_GONE = "already_gone"


class Ladder:
    """One socket's way down. Instants and `grace_s` are seconds of one clock."""

    __slots__ = ("_aborted", "_answered", "_grace_s", "_sent", "grace_ends_at", "outcome")

    def __init__(self, *, grace_s: float) -> None:
        self._grace_s = grace_s
        self._sent = False
        self._answered = False
        self._aborted = False
        self.grace_ends_at: float | None = None
        self.outcome: Outcome | None = None

    def begin(self, now: float, *, buffered: int) -> Step:
        """The first step: bytes that wait in the transport's buffer cannot be recalled, so they are reset away."""
        if self.outcome is not None:
            return Step.LET_GO
        if self._sent or self._aborted:
            return Step.WAIT
        if buffered > 0:
            return self._abort()
        self._sent = True
        self.grace_ends_at = now + self._grace_s
        return Step.SAY_GOODBYE

    def peer_answered(self) -> Step:
        """The peer's close frame has come; the connection may go in order."""
        if self.outcome is None and self._sent and not self._aborted:
            self._answered = True
            return Step.LET_GO
        return Step.WAIT

    def tick(self, now: float) -> Step:
        """What the time calls for; a grace once begun is never prolonged."""
        if (
            self.outcome is None
            and not self._aborted
            and self.grace_ends_at is not None
            and now >= self.grace_ends_at
        ):
            return Step.LET_GO if self._answered else self._abort()
        return Step.WAIT

    def lost(self) -> Outcome:
        """The transport is gone: how it went, the same when asked again."""
        if self.outcome is None:
            if self._aborted:
                self.outcome = Outcome.ABORTED
            else:
                self.outcome = Outcome.CLEAN if self._answered else Outcome.ALREADY_GONE
        return self.outcome

    def _abort(self) -> Step:
        self._aborted = True
        return Step.ABORT
