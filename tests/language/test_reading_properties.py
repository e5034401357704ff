"""What holds of every value, whatever stands around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.reading import Kind
from language.reader import read
from language.understanding import Certainty, Mention, Purpose, Subject, When

SYSTOLIC, DIASTOLIC = st.integers(90, 220), st.integers(50, 85)
OTHERS = ["老伴", "我妈", "我爸", "邻居", "我婆婆", "俺老头子", "我女儿", "隔壁老王", "我姐"]
PAST = ["去年", "上个月", "以前", "住院时", "前年", "三年前", "手术前"]
GOALS = ["目标", "医生让控制在", "正常值是", "不能超过", "最好在"]
BEFORE = [
    "",
    "医生您好,",
    "请问",
    "今天",
    "刚才量的",
    "我今年68岁,",
    "吃了药,",
    "早上好!",
    "11月8号,",
]
BEHIND = [
    "",
    ",要紧吗",
    ",头有点晕",
    "。谢谢医生",
    ",吃的是硝苯地平30mg",
    ",电话13812345678",
    "，走了8000步",
]
PIECES = [
    "血压", "血糖", "空腹", "高压", "低压", "150", "92", "7.8", "/", "-", "，", "。", " ", "我", "我妈", "老伴",
    "去年", "昨晚", "8号", "六点半", "两小时前", "星期三", "要是", "目标", "打错了", "是", "不是", "我们俩",
    "和", "分别", "第一个", "男", "女", "188 185 184", "七八点", "一百六", "多", "斤", "mmHg", "跳", "\n", "早", "晚",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=18).map("".join)


def pressures(mentions: tuple[Mention, ...]) -> list[tuple[float | None, float | None]]:
    return [
        (m.reading.systolic, m.reading.diastolic) for m in mentions if m.reading.kind is Kind.BP
    ]


@given(texts)
def test_every_place_lies_inside_the_message_and_in_order(text: str) -> None:
    for mention in read(text).mentions:
        assert 0 <= mention.start < mention.end <= len(text)


@given(texts)
def test_only_the_senders_own_values_of_now_are_storable(text: str) -> None:
    for mention in read(text).storable:
        assert mention.subject is Subject.SELF
        assert mention.when is not When.PAST
        assert mention.purpose is Purpose.MEASURED
        assert mention.certainty is not Certainty.IMPLAUSIBLE


@given(texts)
def test_the_upper_value_is_above_the_lower_one(text: str) -> None:
    for mention in read(text).storable:
        high, low = mention.reading.systolic, mention.reading.diastolic
        assert high is None or low is None or high > low


@given(texts)
def test_a_range_holds_its_value(text: str) -> None:
    for mention in read(text).storable:
        reading = mention.reading
        value = reading.systolic if reading.kind is Kind.BP else reading.value
        if reading.low is not None and reading.high is not None and value is not None:
            assert reading.low <= value <= reading.high


@given(st.sampled_from(BEFORE), SYSTOLIC, DIASTOLIC, st.sampled_from(BEHIND))
def test_what_stands_around_a_pressure_does_not_change_it(
    before: str, systolic: int, diastolic: int, behind: str
) -> None:
    found = read(f"{before}血压{systolic}/{diastolic}{behind}").storable
    assert pressures(found) == [(systolic, diastolic)]


@given(st.sampled_from(OTHERS), SYSTOLIC, DIASTOLIC, SYSTOLIC, DIASTOLIC)
def test_somebody_named_behind_does_not_take_the_first_value(
    other: str, systolic: int, diastolic: int, theirs: int, low: int
) -> None:
    understood = read(f"我血压{systolic}/{diastolic}，{other}血压{theirs}/{low}")
    assert pressures(understood.storable) == [(systolic, diastolic)]
    assert [m.subject for m in understood.mentions] == [Subject.SELF, Subject.OTHER]


@given(st.sampled_from(OTHERS), SYSTOLIC, DIASTOLIC, st.sampled_from(BEHIND))
def test_a_value_of_somebody_else_is_never_the_senders(
    other: str, systolic: int, diastolic: int, behind: str
) -> None:
    assert pressures(read(f"{other}血压{systolic}/{diastolic}{behind}").storable) == []


@given(st.sampled_from(PAST), SYSTOLIC, DIASTOLIC)
def test_a_value_of_the_past_is_never_stored(past: str, systolic: int, diastolic: int) -> None:
    assert read(f"{past}血压{systolic}/{diastolic}").storable == ()


@given(st.sampled_from(GOALS), st.integers(90, 140), st.integers(60, 85))
def test_a_goal_is_never_stored(goal: str, systolic: int, diastolic: int) -> None:
    assert read(f"血压{goal}{systolic}/{diastolic}").storable == ()


@given(
    SYSTOLIC,
    DIASTOLIC,
    SYSTOLIC,
    DIASTOLIC,
    st.sampled_from(["我们俩", "俺俩", "两口子", "我和老伴"]),
)
def test_two_people_without_a_word_on_whose_store_nothing(
    a: int, b: int, c: int, d: int, both: str
) -> None:
    found = read(f"{both}血压{a}/{b} {c}/{d}").mentions
    assert {m.subject for m in found} == {Subject.UNCLEAR}


@pytest.mark.parametrize("joined", ["16598", "95145", "14892", "一四八九二"])
@given(st.sampled_from(["", "血压", "今天血压", "刚量的"]))
def test_joined_digits_are_never_taken_as_sure(joined: str, before: str) -> None:
    for mention in read(f"{before}{joined}").storable:
        assert mention.certainty is Certainty.JOINED
