from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator.errors import ApiError
from simulator.tokens import TokenDesk

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def desk() -> TokenDesk:
    return TokenDesk()


def code(desk: TokenDesk, token: str | None, now: datetime) -> int:
    try:
        desk.check(token, now)
    except ApiError as error:
        return error.errcode
    return 0


def test_asking_again_gives_the_same_stable_token_with_what_is_left_of_it(desk: TokenDesk) -> None:
    first, lasts = desk.stable(NOW)
    again, left = desk.stable(NOW + timedelta(minutes=10))
    assert (again, lasts, left) == (first, 7200, 6600)


def test_five_minutes_before_its_end_a_new_token_comes_and_both_are_valid(desk: TokenDesk) -> None:
    old, _ = desk.stable(NOW)
    later = NOW + timedelta(seconds=6900)
    new, lasts = desk.stable(later)
    assert new != old
    assert lasts == 7200
    assert code(desk, old, later + timedelta(seconds=299)) == 0
    assert code(desk, old, later + timedelta(seconds=300)) == 42001
    assert code(desk, new, later + timedelta(seconds=300)) == 0


def test_a_forced_refresh_leaves_the_old_token_five_minutes(desk: TokenDesk) -> None:
    old, _ = desk.stable(NOW)
    new, _ = desk.stable(NOW, force=True)
    assert new != old
    assert code(desk, old, NOW + timedelta(minutes=4)) == 0
    assert code(desk, old, NOW + timedelta(minutes=5)) == 40001


def test_forcing_twice_within_thirty_seconds_changes_nothing(desk: TokenDesk) -> None:
    desk.stable(NOW)
    first, _ = desk.stable(NOW, force=True)
    second, _ = desk.stable(NOW + timedelta(seconds=29), force=True)
    third, _ = desk.stable(NOW + timedelta(seconds=30), force=True)
    assert first == second != third


def test_more_than_twenty_forced_refreshes_a_day_are_refused(desk: TokenDesk) -> None:
    desk.stable(NOW)
    for minute in range(20):
        desk.stable(NOW + timedelta(minutes=minute), force=True)
    with pytest.raises(ApiError) as refused:
        desk.stable(NOW + timedelta(minutes=20), force=True)
    assert refused.value.errcode == 45009
    assert desk.stable(NOW + timedelta(days=1), force=True)


def test_each_plain_token_replaces_the_one_before_and_no_stable_one(desk: TokenDesk) -> None:
    stable, _ = desk.stable(NOW)
    old, _ = desk.plain(NOW)
    new, _ = desk.plain(NOW)
    later = NOW + timedelta(minutes=5)
    assert [code(desk, token, later) for token in (old, new, stable)] == [40001, 0, 0]


def test_a_missing_or_made_up_token_is_refused(desk: TokenDesk) -> None:
    assert code(desk, None, NOW) == 41001
    assert code(desk, "made-up", NOW) == 40001


def test_revoked_tokens_are_unknown_at_once(desk: TokenDesk) -> None:
    token, _ = desk.stable(NOW)
    desk.revoke_all()
    assert code(desk, token, NOW) == 40001
    assert desk.stable(NOW)[0] != token


def test_a_token_is_long_but_fits_the_512_characters_one_must_store(desk: TokenDesk) -> None:
    assert 100 < len(desk.stable(NOW)[0]) <= 512
