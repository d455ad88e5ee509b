"""An index behaves as a dict of sets, in the order of coming."""

from hypothesis import given
from hypothesis import strategies as st

from app.sockets.entry import Entry
from app.sockets.index import Index
from tests.sockets.parts import entry

ENTRIES = [entry(number) for number in range(4)]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from(ENTRIES)), max_size=30))
def test_it_does_as_a_dict_of_dicts_would(steps: list[tuple[bool, str, Entry]]) -> None:
    index: Index[str] = Index()
    model: dict[str, dict[Entry, None]] = {}
    for adds, key, who in steps:
        if adds:
            index.add(key, who)
            model.setdefault(key, {})[who] = None
        else:
            index.discard(key, who)
            model.get(key, {}).pop(who, None)
            if not model.get(key, True):
                del model[key]
        assert {key: list(index.under(key)) for key in index} == {key: list(model[key]) for key in model}
        assert len(index) == len(model)
        assert index.known("cba") == [key for key in "cba" if key in model]


def test_who_is_found_stays_as_it_was_while_the_index_changes() -> None:
    index: Index[str] = Index()
    for who in ENTRIES:
        index.add("a", who)
    for who in index.under("a"):
        index.discard("a", who)
    assert index.under("a") == ()
    assert len(index) == 0
