from app.fanout.subscription_health import SILENT_TICKS, SubscriptionHealth


def confirmed() -> SubscriptionHealth:
    return SubscriptionHealth(is_confirmed=True, is_echo_confirmed=True)


def doubts(health: SubscriptionHealth, ticks: int = SILENT_TICKS, *, pongs: bool = False) -> list[str]:
    found = []
    for _ in range(ticks):
        if pongs:
            health.heard_frame()
        found.append(health.tick())
    return [doubt for doubt in found if doubt is not None]


def test_a_connection_without_any_frame_is_silent_after_seven_ticks() -> None:
    assert doubts(confirmed(), SILENT_TICKS - 1) == []
    assert doubts(confirmed()) == ["silent"]


def test_any_frame_proves_the_connection() -> None:
    assert doubts(confirmed(), 100, pongs=True) == []


def test_a_subscription_that_is_never_confirmed_is_given_up_whatever_else_comes() -> None:
    assert doubts(SubscriptionHealth(), pongs=True) == ["unconfirmed"]


def test_an_echo_that_redis_took_and_nobody_heard_means_deaf() -> None:
    health = confirmed()
    health.published(1)
    assert doubts(health, pongs=True) == ["deaf"]


def test_who_hears_messages_is_not_deaf_however_long_its_echo_waits_behind_them() -> None:
    health = confirmed()
    health.published(1)
    for _ in range(100):
        health.heard_message()
        assert doubts(health, 1, pongs=True) == []
    assert doubts(health, SILENT_TICKS - 1, pongs=True) == ["deaf"]


def test_an_echo_that_redis_did_not_take_means_nothing() -> None:
    assert doubts(confirmed(), 100, pongs=True) == []


def test_an_echo_without_a_confirmed_echo_channel_means_nothing() -> None:
    health = SubscriptionHealth(is_confirmed=True)
    health.published(1)
    assert doubts(health, 100, pongs=True) == []


def test_one_lost_echo_is_made_good_by_the_next() -> None:
    health = confirmed()
    health.published(1)
    assert doubts(health, SILENT_TICKS - 1, pongs=True) == []
    health.heard_echo(2)
    health.published(2)
    assert doubts(health, 100, pongs=True) == []


def test_an_echo_may_be_heard_before_redis_has_said_that_it_took_it() -> None:
    health = confirmed()
    health.heard_echo(5)
    health.published(5)
    health.heard_echo(4)
    assert doubts(health, 100, pongs=True) == []
