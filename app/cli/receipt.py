"""`cutoff receipt`: what a revocation closed, and who has confirmed it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from rich.console import Console
from rich.live import Live

from app.cli.database import opened_database
from app.cli.exit_status import ExitStatus
from app.cli.listing import console
from app.cli.receipt_view import receipt_as_json, receipt_for_people
from app.clock import boot_seconds, sleep_seconds
from app.config import load_settings
from app.data.engine import Database
from app.domain.ids import RevocationId
from app.domain.receipts import Receipt
from app.operations.read_receipt import read_receipt_as_operator

__all__ = ["filling_in", "print_receipt", "show", "wait_until_complete"]

LOOK_EVERY = timedelta(milliseconds=100)
WATCHED_FOR = timedelta(hours=1)


def print_receipt(revocation_id: UUID, *, watch: bool, as_json: bool) -> ExitStatus:
    """DONE if every node has confirmed. With `watch` it is first waited for, until it is complete."""
    with opened_database(load_settings(), purpose="receipt") as database:
        patience = WATCHED_FOR if watch else timedelta(0)
        with filling_in() as seen:
            receipt = wait_until_complete(database, RevocationId(revocation_id), patience=patience, seen=seen)
    return show(receipt, as_json=as_json)


@contextmanager
def filling_in(terminal: Console | None = None) -> Iterator[Callable[[Receipt], None]]:
    """Whoever looks on sees the receipt fill in with each call, on stderr; nothing where that is no terminal."""
    terminal = terminal or Console(stderr=True, highlight=False)
    if not terminal.is_terminal:
        yield lambda _receipt: None
        return
    with Live(console=terminal, transient=True, auto_refresh=False) as live:
        yield lambda receipt: live.update(receipt_for_people(receipt), refresh=True)


def wait_until_complete(
    database: Database,
    revocation_id: RevocationId,
    *,
    patience: timedelta,
    seen: Callable[[Receipt], None],
) -> Receipt:
    """The receipt when it is complete, or as it stands when the patience is over; each look is `seen`.

    Raises: NotFound, Unavailable.
    """
    until = boot_seconds() + patience.total_seconds()
    while True:
        receipt = database.transact(read_receipt_as_operator, revocation_id)
        seen(receipt)
        if receipt.is_complete or boot_seconds() >= until:
            return receipt
        sleep_seconds(LOOK_EVERY.total_seconds())


def show(receipt: Receipt, *, as_json: bool) -> ExitStatus:
    """It is printed; NOT_SO while a node has not confirmed it."""
    if as_json:
        print(json.dumps(receipt_as_json(receipt)))
    else:
        console().print(receipt_for_people(receipt))
    return ExitStatus.DONE if receipt.is_confirmed else ExitStatus.NOT_SO
