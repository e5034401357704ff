"""What holds for every text, not only for those in the tables."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from language.reader import read

ALARMS = [
    "嘴歪了", "胸口疼得厉害出冷汗", "喘不上气躺不平", "叫不醒", "吐血了", "不想活了", "右边胳膊没劲",
    "血糖2.1", "一直吐", "脚烂了流脓", "说话说不清", "眼睛突然看不见了", "喉咙肿了", "抽搐了",
]  # fmt: skip
CHATTER = [
    "今天天气不错", "谢谢医生", "早饭喝的粥", "孙子放假回来了", "村口修路呢", "药在镇上买的",
    "昨天赶集买了两斤肉", "我家电话换了", "下周三去复查", "邻居都挺好", "没有别的事", "麻烦您了",
]  # fmt: skip
BITS = [
    "血压", "血糖", "空腹", "高压", "低压", "150", "7.8", "/", "-", "，", "。", " ", "我", "我妈", "去年",
    "今天", "要是", "没有", "不", "头晕", "胸闷", "怎么办", "吗", "一百六", "点", "多", "mmHg", "斤", "\n",
    "HI", "打错了", "是", "\x00", "\ud800", "😀", "１", "㎜", "(", "①", "百", "个", "左", "麻", "十", "几",
]  # fmt: skip


@given(st.text())
def test_reading_never_raises(text: str) -> None:
    assert read(text).text == text


@given(st.lists(st.sampled_from(BITS), max_size=25).map("".join))
@settings(max_examples=300)
def test_reading_never_raises_on_what_looks_like_a_message(text: str) -> None:
    understood = read(text)
    for mention in understood.mentions:
        assert 0 <= mention.start <= mention.end <= len(text)


@given(st.sampled_from(ALARMS), st.lists(st.sampled_from(CHATTER), max_size=3), st.booleans())
def test_unrelated_chatter_does_not_remove_a_red_flag(
    alarm: str, chatter: list[str], first: bool
) -> None:
    alone = read(alarm)
    parts = [alarm, *chatter] if first else [*chatter, alarm]
    together = read("。".join(parts))
    assert {f.concept for f in alone.findings} <= {f.concept for f in together.findings}
    assert {str(m.reading) for m in alone.mentions} <= {str(m.reading) for m in together.mentions}


@given(
    st.integers(1, 900),
    st.sampled_from(["mg", "毫克", "片", "单位", "u", "粒", "ml", "块钱", "天", "岁", "年", "步"]),
)
def test_a_dose_a_price_or_a_time_is_never_stored(number: int, unit: str) -> None:
    assert read(f"我吃的药是{number}{unit}").storable == ()


@given(st.integers(13000000000, 19999999999))
def test_a_phone_number_is_never_stored(number: int) -> None:
    assert read(f"我的电话是{number}").storable == ()
    assert read(str(number)).storable == ()


@given(st.integers(2000, 2026), st.integers(1, 12), st.integers(1, 28))
def test_a_date_is_never_stored(year: int, month: int, day: int) -> None:
    for text in (
        f"{year}年{month}月{day}日",
        f"{year}-{month}-{day}",
        f"{month}月{day}号",
        f"{year}.{month}.{day}",
    ):
        assert read(f"{text}去医院").storable == ()


@given(st.integers(90, 220), st.integers(50, 85))
def test_a_plain_pressure_is_always_read(systolic: int, diastolic: int) -> None:
    (mention,) = read(f"血压{systolic}/{diastolic}").storable
    assert (mention.reading.systolic, mention.reading.diastolic) == (systolic, diastolic)


@given(st.integers(20, 330))
def test_a_plain_glucose_is_always_read(tenths: int) -> None:
    (mention,) = read(f"空腹血糖{tenths / 10}").storable
    assert mention.reading.value == pytest.approx(tenths / 10)


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800\udc00", "\ud800", "😀" * 50, "血压" * 5000, "，" * 9000]
)
def test_odd_texts_are_read_in_peace(text: str) -> None:
    assert read(text).storable == ()


def test_a_hundred_thousand_characters_do_not_stop_the_house() -> None:
    started = time.perf_counter()
    understood = read("我今天去赶集了，" * 12500 + "胸口疼")
    assert time.perf_counter() - started < 1
    assert "chest_pain" in {f.concept for f in understood.findings}


def test_the_same_text_is_read_the_same_way_twice() -> None:
    text = "我爸血压高压180低压110，昨天开始头晕呕吐，怎么办"
    assert read(text) == read(text)


@pytest.mark.parametrize(
    "text", ["头晕，" * 2000, "没有头晕、" * 1200, "胸" * 3000 + "疼" * 3000, "150 90 " * 800]
)
def test_work_stays_bounded_on_texts_made_to_stall(text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 2
