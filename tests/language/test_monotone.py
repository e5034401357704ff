"""What is said behind never hides what was said before, and never hides itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.coverage import coverage
from care.level import Level
from language.judgement import highest, judge
from language.reader import read
from language.suspicion import beginnings

# Sentences that stand alone, with somebody in them: nothing before makes them a lesson or a story.
LIVE = [
    "我爸突然晕倒了",
    "我现在胸口压着石头一样疼",
    "老伴突然嘴歪了",
    "我今天吐血了",
    "我不想活了",
    "我妈叫不醒了",
    "我量血压205/120，头疼得要炸",
    "我刚测血糖2.1",
    "我爹要死了",
    "快给我叫个救护车",
]
# What makes words before it no complaint must stay with them.
BEFORE = [
    "你好",
    "没有头疼，也不恶心",
    "去年中风，恢复好了",
    "中风有什么前兆",
    "要是晕倒了怎么办",
    "隔壁老王去年中风了",
    "电视里讲一只手没力气就是中风",
    "气得我头疼，药又涨价",
    "我家老母猪口吐白沫",
    "讲座说低血糖会昏迷，记住了",
    "血压128/76，吃饭睡觉都好",
    "今天赶集买了两斤肉，天热得很",
    "糖尿病人可以吃西瓜吗",
    "拔了牙打了麻药，半边嘴没知觉",
    "降压药吃完了，还要接着开吗",
]
SAID = [said for one in coverage().sets for said in one.heard]
SAID += [item.heard for one in coverage().lists for item in one.items]
breaks = st.sampled_from(["。", "\n", "！", "？"])


def level(text: str) -> Level:
    return highest(judge(read(text)))


# A later harmless value of today may take the place of an earlier one; a flag takes nothing's place.
FLAGS = [said for said in [*LIVE, *SAID] if level(said) >= Level.URGENT]


@pytest.mark.parametrize("live", LIVE)
@pytest.mark.parametrize("before", BEFORE)
def test_a_live_red_flag_is_heard_whatever_was_said_before(before: str, live: str) -> None:
    assert level(f"{before}。{live}") >= level(live)


@settings(max_examples=150)
@given(st.lists(st.sampled_from([*BEFORE, *SAID]), min_size=1, max_size=3), breaks, st.data())
def test_one_more_red_flag_never_lowers_what_was_said(
    before: list[str], ends: str, data: st.DataObject
) -> None:
    text = ends.join(before)
    more = data.draw(st.sampled_from(FLAGS))
    assert level(text + ends + more) >= level(text)


def test_the_second_ear_hears_a_text_as_it_stood_after_each_sentence() -> None:
    assert beginnings("甲。乙!\n丙") == ["甲", "甲。乙", "甲。乙!\n丙"]
    assert beginnings("甲") == ["甲"]


@pytest.mark.parametrize("sign", ["。", "！", "…", " ", "，"])
def test_the_sign_at_the_end_changes_nothing_for_the_second_ear(sign: str) -> None:
    assert beginnings(f"喘气又深又快{sign}") == beginnings("喘气又深又快")
