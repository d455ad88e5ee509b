"""What is done first with a socket whose gate is shut, and how it went in the end (R11)."""

import pytest

from app.sockets.ladder import FirstStep, Outcome, first_step, outcome_of


@pytest.mark.parametrize(
    ("is_open", "unsent", "step"),
    [
        (True, 0, FirstStep.SAY_GOODBYE),
        (True, 1, FirstStep.ABORT),
        (False, 0, FirstStep.LET_GO),
        (False, 100, FirstStep.LET_GO),
    ],
)
def test_what_cannot_be_recalled_is_reset_at_once(is_open, unsent, step) -> None:
    assert first_step(is_open=is_open, unsent_bytes=unsent) is step


@pytest.mark.parametrize(
    ("said_goodbye", "peer_answered", "was_aborted", "outcome"),
    [
        (True, True, False, Outcome.CLEAN),
        (True, True, True, Outcome.CLEAN),
        (True, False, True, Outcome.ABORTED),
        (False, False, True, Outcome.ABORTED),
        (True, False, False, Outcome.ALREADY_GONE),
        (False, True, False, Outcome.ALREADY_GONE),
    ],
)
def test_only_a_peer_that_answered_our_goodbye_went_cleanly(
    said_goodbye, peer_answered, was_aborted, outcome
) -> None:
    assert (
        outcome_of(said_goodbye=said_goodbye, peer_answered=peer_answered, was_aborted=was_aborted) is outcome
    )
