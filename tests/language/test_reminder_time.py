"""Times of the day as people write them, and what is no wish about our reminders."""

from __future__ import annotations

import pytest

from language.reminder_time import Wish, hour_in, wish_of


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("早上八点", 8),
        ("晚上7点半", 19),
        ("七点", 19),
        ("八点", 8),
        ("十点", 10),
        ("十二点", 12),
        ("十一点", 11),
        ("两点", 14),
        ("下午3点", 15),
        ("19:30", 19),
        ("二十点", 20),
        ("中午", 12),
        ("傍晚", 18),
        ("25点", None),
        ("随便", None),
        ("", None),
    ],
)
def test_an_hour_is_read_as_it_is_said(text: str, hour: int | None) -> None:
    assert hour_in(text) == hour


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("改时间", Wish()),
        ("換個時間吧", Wish()),
        ("太早了", Wish(shift=2)),
        ("别那么早就发嘛", Wish(shift=2)),
        ("莫恁晚发", Wish(shift=-2)),
        ("能不能改到晚上八点", Wish(hour=20)),
        ("我下午有空，消息定在下午3点", Wish(hour=15)),
    ],
)
def test_a_wish_is_understood_in_many_ways(text: str, wish: Wish) -> None:
    assert wish_of(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        "",
        "早上8点吃的药",
        "药改到晚上吃",
        "晚上发烧",
        "早点发现就好了",
        "改天再量",
        "晚上八点睡的",
        "早上好",
        "住院改到下午三点",
    ],
)
def test_what_is_about_something_else_is_no_wish(text: str) -> None:
    assert wish_of(text) is None
