import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from app.fanout.combining import Combining

WITHIN_S = 10.0


class Goes:
    """Each go waits to be let off, with an outcome or an error."""

    def __init__(self) -> None:
        self.begun: list[list[str]] = []
        self.combining: Combining[str] = Combining(self._do_all)
        self._outcomes: list[bool | Exception] = []
        self._changed = threading.Condition()

    def let_off(self, outcome: bool | Exception = True) -> None:
        with self._changed:
            self._outcomes.append(outcome)
            self._changed.notify_all()

    def _do_all(self, items: Sequence[str]) -> bool:
        number = len(self.begun)
        self.begun.append(sorted(items))
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._outcomes) > number, WITHIN_S)
            outcome = self._outcomes[number]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def ask(self, threads: ThreadPoolExecutor, *items: str) -> list[Future[bool]]:
        """They wait behind the go that is under way."""
        before = len(self.combining._asked)
        asked = [threads.submit(self.combining.do, item) for item in items]
        until(lambda: len(self.combining._asked) == before + len(items))
        return asked

    def begin(self, threads: ThreadPoolExecutor, item: str) -> Future[bool]:
        number = len(self.begun)
        asked = threads.submit(self.combining.do, item)
        until(lambda: len(self.begun) > number)
        return asked


def until(holds: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < gives_up_at
        time.sleep(0.001)


def test_who_asks_alone_is_served_at_once() -> None:
    done: list[Sequence[int]] = []

    def do_all(items: Sequence[int]) -> bool:
        done.append(items)
        return True

    combining = Combining(do_all)
    assert combining.do(1)
    assert combining.do(2)
    assert done == [[1], [2]]


def test_what_is_asked_during_a_go_is_done_together_in_the_next_and_each_learns_its_own_outcome() -> None:
    goes = Goes()
    with ThreadPoolExecutor(8) as threads:
        first = goes.begin(threads, "first")
        others = goes.ask(threads, "a", "b", "c")
        goes.let_off(True)
        goes.let_off(False)
        assert first.result(WITHIN_S)
        assert [other.result(WITHIN_S) for other in others] == [False] * 3
    assert goes.begun == [["first"], ["a", "b", "c"]]


def test_nobody_waits_for_what_others_ask_later() -> None:
    goes = Goes()
    with ThreadPoolExecutor(8) as threads:
        first = goes.begin(threads, "first")
        others = goes.ask(threads, "a", "b", "c")
        goes.let_off()
        until(lambda: len(goes.begun) == 2)
        (late,) = goes.ask(threads, "late")
        goes.let_off()
        assert [each.result(WITHIN_S) for each in (first, *others)] == [True] * 4
        until(lambda: goes.begun[2:] == [["late"]])
        assert not late.done()
        goes.let_off()
        assert late.result(WITHIN_S)


def test_a_go_that_raises_is_not_done_and_the_next_one_is() -> None:
    goes = Goes()
    with ThreadPoolExecutor(8) as threads:
        first = goes.begin(threads, "first")
        others = goes.ask(threads, "a", "b")
        goes.let_off(ZeroDivisionError())
        goes.let_off(ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            first.result(WITHIN_S)
        ends = [other.exception(WITHIN_S) or other.result() for other in others]
        assert sorted(map(repr, ends)) == ["False", "ZeroDivisionError()"]
        last = goes.begin(threads, "last")
        goes.let_off()
        assert last.result(WITHIN_S)
    assert goes.begun == [["first"], ["a", "b"], ["last"]]
