"""Whatever bytes a header holds: an answer or one of our refusals, never another error, and never a credential too many."""

from datetime import timedelta
from ipaddress import ip_address
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.data.device_names import LONGEST_USER_AGENT, device_name, stored_user_agent
from app.domain.client_address import nearest_stranger
from app.domain.credentials import SECRET_BYTES, TokenKind, hash_token, kind_of_token, token_from
from app.domain.errors import Forbidden, Invalid, Unauthenticated
from app.domain.ids import AccountId
from app.domain.origins import is_our_origin
from app.http.idempotency import idempotency_of
from app.http.preferences import preferred_wait
from app.realtime.handshake import Presented, presented_by
from tests.http.parts import settings_for_tests

SETTINGS = settings_for_tests(allowed_origins="https://app.example.com", trusted_proxies="10.0.0.0/8")
OURS = b"https://app.example.com"
HOST = "cutoff.test"
LIMIT = timedelta(seconds=30)

tokens = st.builds(
    token_from, st.sampled_from(TokenKind), st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)
)
credential_tokens = tokens.filter(lambda token: not token.startswith((TokenKind.REFRESH, TokenKind.DAEMON)))
raw = st.binary(max_size=80)
headers = st.lists(
    st.tuples(
        st.sampled_from([b"authorization", b"cookie", b"origin", b"host", b"x-forwarded-for", b"x"]),
        raw
        | tokens.map(lambda token: f"Bearer {token}".encode())
        | tokens.map(lambda token: f"cutoff_session={token}".encode())
        | st.sampled_from([OURS, b"null", b"https://evil.example", b"cutoff_session=;;=", b"Bearer "]),
    ),
    max_size=5,
)


def presented(*given_headers: tuple[bytes, bytes], peer: str = "10.0.0.1") -> Presented | None:
    """None where it was refused in one of our ways."""
    scope = {"headers": list(given_headers), "client": (peer, 1), "scheme": "ws"}
    try:
        return presented_by(scope, SETTINGS)
    except (Forbidden, Unauthenticated):
        return None


@given(headers)
@example([(b"cookie", b'cutoff_session="\\777"')])
@example([(b"cookie", b"\xff=\xff"), (b"origin", b"http://[")])
def test_an_upgrade_is_refused_or_brings_a_well_formed_token(
    given_headers: list[tuple[bytes, bytes]],
) -> None:
    found = presented(*given_headers)
    if found is None:
        return
    sent = b"\n".join(value for _, value in given_headers).decode("latin-1")
    assert any(found.token_hash == hash_token(token) for token in _tokens_in(sent))


@given(credential_tokens, raw)
def test_a_bearer_token_with_any_origin_at_all_is_refused(token: str, origin: bytes) -> None:
    bearer = (b"authorization", f"Bearer {token}".encode())
    assert presented(bearer) is not None
    assert presented(bearer, (b"origin", origin)) is None


@given(tokens, raw.filter(lambda origin: origin != OURS))
def test_a_cookie_counts_with_our_own_origin_alone(token: str, origin: bytes) -> None:
    cookie = (b"cookie", f"cutoff_session={token}".encode())
    is_session = kind_of_token(token) is TokenKind.SESSION
    assert (presented(cookie, (b"origin", OURS)) is not None) == is_session
    for other in ([], [(b"origin", origin)], [(b"origin", OURS), (b"origin", OURS)]):
        assert presented(cookie, *other) is None


@given(tokens, st.integers(0, 80), st.characters())
def test_a_token_with_any_one_character_more_or_other_is_none(token: str, place: int, extra: str) -> None:
    cut = place % len(token)
    assert kind_of_token(token[:cut] + extra + token[cut:]) is None
    assert kind_of_token(token[:cut] + token[cut + 1 :]) is None


@given(st.text())
def test_any_text_has_a_hash_and_hardly_ever_a_kind(text: str) -> None:
    assert len(hash_token(text)) == 64
    assert kind_of_token(text) is None


@given(st.text(), st.text(), st.sampled_from(["http", "https"]))
@example("http://[::1", HOST, "http")
@example(f"http://{HOST}:99999", HOST, "http")
@example("//", "", "http")
@example("https://", "", "https")
@example(f"https://{HOST}@evil.example", HOST, "https")
@example(f"https://evil.example\\@{HOST}", HOST, "https")
def test_no_origin_but_of_the_very_host_is_ours(origin: str, host: str, scheme: str) -> None:
    is_ours = is_our_origin(origin, host=host, scheme=scheme, allowed=())
    assert not is_ours or (host.lower().split(":")[0] in origin.lower() and origin.startswith("http"))


@given(st.sampled_from(["evil.example", "cutoff.test.evil.example", "cutoff.tes", "xcutoff.test"]), st.text())
def test_an_origin_that_only_looks_like_ours_is_not(host: str, tail: str) -> None:
    assert not is_our_origin(f"https://{host}", host=HOST, scheme="https", allowed=())
    assert not is_our_origin(f"https://{host}/{tail}@{HOST}", host=HOST, scheme="https", allowed=())


addresses = st.ip_addresses().map(str)


@given(st.text() | addresses, st.lists(st.text() | addresses, max_size=4))
@example("fe80::1%eth0", ["10.0.0.1"])
@example("10.0.0.1", ["2001:db8::%<script>"])
def test_an_address_is_one_or_empty(peer: str, forwarded: list[str]) -> None:
    found = nearest_stranger(peer, forwarded, trusted=("10.0.0.0/8",))
    assert not found or ip_address(found).exploded
    assert set(found) <= set("0123456789abcdef:.")


@given(addresses, st.lists(st.text()))
def test_a_stranger_cannot_say_where_he_comes_from(peer: str, forwarded: list[str]) -> None:
    expected = nearest_stranger(peer, [], trusted=())
    assert nearest_stranger(peer, forwarded, trusted=()) == expected


@given(st.lists(st.text() | st.from_regex(r"\s*wait\s*=\s*\"?[0-9]{1,12}\"?(;x)?", fullmatch=True)))
@example(["wait=٣"])
@example(["wait=" + "9" * 10_000])
def test_a_preference_is_a_bounded_wait_or_none(values: list[str]) -> None:
    wait = preferred_wait(values, limit=LIMIT)
    assert wait is None or timedelta(0) <= wait <= LIMIT


bodies = st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.booleans(), max_size=3)


@given(st.text(), bodies)
def test_an_idempotency_key_is_taken_as_it_is_or_refused(key: str, body: object) -> None:
    account_id = AccountId(UUID(int=1))
    try:
        found = idempotency_of(key, method="POST", path="/x", body=body, account_id=account_id)
    except Invalid:
        return
    assert found is not None
    assert found.key == key
    assert key.isascii()
    assert key.isprintable()


@settings(deadline=None)
@given(st.text(max_size=2_000) | raw.map(lambda value: value.decode("latin-1")))
@example("Mozilla/5.0 (" * 150)
@example("\ud800")
def test_any_user_agent_has_a_name_that_can_be_stored_and_shown(user_agent: str) -> None:
    stored, name = stored_user_agent(user_agent), device_name(user_agent)
    assert len(stored) <= LONGEST_USER_AGENT
    assert len(name) <= 2 * LONGEST_USER_AGENT
    assert (stored + name).isprintable()
    (stored + name).encode()


def _tokens_in(text: str) -> list[str]:
    length = 43
    return [
        text[start : start + len(kind) + length]
        for kind in TokenKind
        for start in range(len(text))
        if text.startswith(kind, start)
    ]
