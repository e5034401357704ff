from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import ApiError
from simulator.quota import QuotaLedger, Trigger

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
HOUR = timedelta(hours=1)


def sent(ledger: QuotaLedger, now: datetime) -> int:
    try:
        ledger.spend("o", now)
    except ApiError as error:
        return error.errcode
    return 0


def test_a_message_allows_five_within_48_hours() -> None:
    ledger = QuotaLedger()
    ledger.grant("o", Trigger.MESSAGE, NOW)
    assert [sent(ledger, NOW + 47 * HOUR) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]


def test_after_48_hours_the_window_is_shut() -> None:
    ledger = QuotaLedger()
    ledger.grant("o", Trigger.MESSAGE, NOW)
    assert sent(ledger, NOW + 48 * HOUR) == 45015


def test_without_anything_done_by_the_person_the_window_is_shut() -> None:
    assert sent(QuotaLedger(), NOW) == 45015


@pytest.mark.parametrize("trigger", [Trigger.MENU, Trigger.FOLLOW, Trigger.SCAN])
def test_menu_follow_and_scan_allow_three_within_a_minute(trigger: Trigger) -> None:
    ledger = QuotaLedger()
    ledger.grant("o", trigger, NOW)
    late = NOW + timedelta(seconds=59)
    assert [sent(ledger, late) for _ in range(4)] == [0, 0, 0, 45047]
    assert sent(ledger, NOW + timedelta(seconds=60)) == 45015


def test_a_new_message_renews_the_five_and_does_not_add_to_them() -> None:
    ledger = QuotaLedger()
    ledger.grant("o", Trigger.MESSAGE, NOW)
    ledger.spend("o", NOW)
    ledger.grant("o", Trigger.MESSAGE, NOW + HOUR)
    assert ledger.left("o", NOW + HOUR) == 5
    assert ledger.closes_at("o", NOW + HOUR) == NOW + 49 * HOUR


def test_a_menu_click_does_not_add_to_the_five_nor_shorten_the_window() -> None:
    ledger = QuotaLedger()
    ledger.grant("o", Trigger.MESSAGE, NOW)
    ledger.grant("o", Trigger.MENU, NOW)
    assert [sent(ledger, NOW) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    assert ledger.closes_at("o", NOW) == NOW + 48 * HOUR


def test_a_menu_click_helps_when_the_five_are_used_up() -> None:
    ledger = QuotaLedger()
    ledger.grant("o", Trigger.MESSAGE, NOW)
    for _ in range(5):
        ledger.spend("o", NOW)
    ledger.grant("o", Trigger.MENU, NOW)
    assert ledger.left("o", NOW) == 3


def test_who_leaves_is_forgotten() -> None:
    ledger = QuotaLedger()
    ledger.grant("o", Trigger.MESSAGE, NOW)
    ledger.forget("o")
    assert sent(ledger, NOW) == 45015
    assert ledger.closes_at("o", NOW) is None


@given(st.lists(st.sampled_from([*Trigger, None]), max_size=40))
def test_never_more_than_five_can_be_sent_without_a_new_act(acts: list[Trigger | None]) -> None:
    """None stands for a sending; a person's act starts the count anew."""
    ledger = QuotaLedger()
    since_act = 0
    for act in acts:
        if act is None:
            since_act += sent(ledger, NOW) == 0
            assert since_act <= 5
        else:
            ledger.grant("o", act, NOW)
            since_act = 0
