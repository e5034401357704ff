"""When a value was taken: as it is said, and as a time once it is known when the message came."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.moment import Moment, instant_of
from language.reader import read

CHINA = ZoneInfo("Asia/Shanghai")
PARTS = ["早上", "上午", "中午", "下午", "傍晚", "晚上", "半夜", "凌晨", "睡前", ""]
DAYS = ["今天", "昨天", "前天", "大前天", "8号", "31号", "2月29号", "周三", "星期天", "三天前", ""]
RECEIVED = st.datetimes(timezones=st.just(CHINA)).filter(lambda when: when.year > 3)
CLOCKS = ["6点", "六点半", "12点", "7:30", "十一点二十分", ""]


def taken(text: str, received: str, year: int = 2026) -> str:
    """The times of the values, in order; "-" where the words say none."""
    came = datetime.strptime(f"{year} {received}", "%Y %m-%d %H:%M").replace(tzinfo=CHINA)
    found = [m.moment for m in read(text).mentions]
    told = [instant_of(one, came).strftime("%m-%d %H:%M") if one else "-" for one in found]
    return " ".join(told)


@pytest.mark.parametrize(
    ("text", "received", "times"),
    [
        ("昨晚量的150/90", "11-22 09:00", "11-21 20:00"),
        ("昨天早上150/90,晚上140/85", "11-22 09:00", "11-21 07:00 11-21 20:00"),
        ("早150/90 晚140/85", "11-22 20:30", "11-22 07:00 11-22 20:00"),
        ("早150/90 晚140/85", "11-22 09:00", "11-22 07:00 11-21 20:00"),
        ("今早六点血压150/90", "11-22 09:00", "11-22 06:00"),
        ("前天血压150/90", "11-22 09:00", "11-20 09:00"),
        ("8号早上150/90", "11-22 09:00", "11-08 07:00"),
        ("11月8号 150/90", "11-22 09:00", "11-08 09:00"),
        ("星期三血压148/90", "11-22 09:00", "11-18 09:00"),
        ("8点量的150/90", "11-22 20:30", "11-22 20:00"),
        ("8点量的150/90", "11-22 09:30", "11-22 08:00"),
        ("昨天下午3点146/94,晚上9点138/86", "11-22 09:00", "11-21 15:00 11-21 21:00"),
        ("中午十二点半量的148/90", "11-22 15:00", "11-22 12:30"),
        ("20号150/90 21号148/88", "11-22 09:00", "11-20 09:00 11-21 09:00"),
        ("11.20 血压150/90 11.21 血压148/88", "11-22 09:00", "11-20 09:00 11-21 09:00"),
        ("两小时前量的150/90", "11-22 09:00", "11-22 07:00"),
        ("半小时前血压150/90", "11-22 09:00", "11-22 08:30"),
        ("晚饭后两小时11.3", "11-22 09:00", "11-21 20:00"),
        ("早餐后11 午餐后12", "11-22 15:00", "11-22 09:00 11-22 14:00"),
        ("老伴昨晚158/96,我今早136/82", "11-22 15:00", "11-21 20:00 11-22 07:00"),
    ],
)
def test_the_words_say_when_a_value_was_taken(text: str, received: str, times: str) -> None:
    assert taken(text, received) == times


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("150/90(昨晚)", "11-21 20:00"),
        ("150/90,昨晚量的", "11-21 20:00"),
        ("150/90早上 140/85晚上", "11-22 07:00 11-22 20:00"),
        ("158/96 昨晚150/90", "- 11-21 20:00"),
    ],
)
def test_a_moment_may_stand_behind_its_value(text: str, times: str) -> None:
    assert taken(text, "11-22 21:00") == times


@pytest.mark.parametrize(
    ("text", "received", "times"),
    [
        ("今晚9点量的150/90", "11-23 00:20", "11-22 21:00"),
        ("今天早上150/90", "11-23 00:20", "11-22 07:00"),
        ("昨晚两点血糖3.5", "11-22 09:00", "11-22 02:00"),
        ("昨晚12点量的150/90", "11-22 09:00", "11-22 00:00"),
        ("夜里11点血糖5.0", "11-22 09:00", "11-21 23:00"),
        ("凌晨3点血糖4.2", "11-22 09:00", "11-22 03:00"),
        ("31号血压150/90", "01-02 09:00", "12-31 09:00"),
        ("12月30号晚上8点150/90", "01-02 09:00", "12-30 20:00"),
        ("昨晚150/90", "01-01 08:00", "12-31 20:00"),
        ("周日早上148/90", "11-22 09:00", "11-22 07:00"),
        ("今晚150/90", "11-22 10:00", "11-22 10:00"),
    ],
)
def test_midnight_and_new_year_are_crossed_as_people_mean_it(
    text: str, received: str, times: str
) -> None:
    assert taken(text, received) == times


@pytest.mark.parametrize(
    "text",
    ["这几天一直150/90", "前几天血压150/90", "昨天赶集累了,血压150/90", "昨天。血压150/90",
     "餐前8点餐后12点", "空腹8点多", "去年血压150/90", "血压150/90"],
)  # fmt: skip
def test_what_is_vague_stays_as_it_was_sent(text: str) -> None:
    assert set(taken(text, "11-22 15:00").split()) <= {"-"}


@given(
    st.sampled_from(DAYS), st.sampled_from(PARTS), st.sampled_from(CLOCKS),
    RECEIVED,
)  # fmt: skip
def test_no_value_is_of_the_future(day: str, part: str, clock: str, received: datetime) -> None:
    for mention in read(f"{day}{part}{clock}血压150/90").mentions:
        if mention.moment is not None:
            at = instant_of(mention.moment, received)
            assert received - timedelta(days=366 * 2) < at <= received


@given(
    st.builds(
        Moment,
        days_ago=st.none() | st.integers(0, 9),
        month=st.none() | st.integers(1, 12),
        day=st.none() | st.integers(1, 31),
        weekday=st.none() | st.integers(1, 7),
        part=st.none() | st.sampled_from(["dawn", "morning", "noon", "evening", "night", "bed"]),
        hour=st.none() | st.integers(0, 24),
        minute=st.integers(0, 59),
        minutes_ago=st.none() | st.integers(0, 1000),
    ),
    RECEIVED,
)
def test_every_moment_is_some_time_that_has_passed(moment: Moment, received: datetime) -> None:
    assert instant_of(moment, received) <= received
