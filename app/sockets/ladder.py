"""How one socket ends once its gate is shut (R11): what is done first, and how it went in the end.

What lies between (the bounded grace for the peer's answer, then the abort) is a timer of the transport's.
"""

from enum import Enum, StrEnum

__all__ = ["FirstStep", "Outcome", "first_step", "outcome_of"]


class FirstStep(Enum):
    """Say goodbye and send the close frame; reset the connection; or nothing, since the peer has left."""

    SAY_GOODBYE = "say_goodbye"
    ABORT = "abort"
    LET_GO = "let_go"


class Outcome(StrEnum):
    """How it went: the peer answered, we reset the connection, or the peer had left before it could answer."""

    CLEAN = "clean"
    ABORTED = "aborted"
    ALREADY_GONE = "already_gone"


def first_step(*, is_open: bool, unsent_bytes: int) -> FirstStep:
    """What is done with a socket whose gate has been shut.

    Bytes that have not left this machine cannot be recalled, and a close frame would come after them: so a peer
    that does not keep up is reset at once.
    """
    if not is_open:
        return FirstStep.LET_GO
    return FirstStep.ABORT if unsent_bytes > 0 else FirstStep.SAY_GOODBYE


def outcome_of(*, said_goodbye: bool, peer_answered: bool, was_aborted: bool) -> Outcome:
    """How a socket ended whose transport is gone."""
    if said_goodbye and peer_answered:
        return Outcome.CLEAN
    return Outcome.ABORTED if was_aborted else Outcome.ALREADY_GONE
