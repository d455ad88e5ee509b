"""Our errors survive a context manager."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.domain.errors import CutoffError, Forbidden, Invalid, RateLimited, Unauthenticated, Unavailable


@pytest.mark.parametrize(
    "error", [Unauthenticated(), Forbidden("x"), Invalid("a", "b"), RateLimited(1), Unavailable("database")]
)
def test_an_error_passes_through_a_context_manager_as_it_is(error: CutoffError) -> None:
    @contextmanager
    def managed() -> Iterator[None]:
        yield

    with pytest.raises(type(error)) as raised, managed():
        raise error
    assert raised.value is error
