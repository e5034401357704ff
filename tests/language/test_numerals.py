"""Numbers as people write and say them, and the one spelling they are brought to."""

from __future__ import annotations

import pytest

from language import homophones
from language.normalise import LONGEST, normalise
from language.numerals import number_at


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("165", 165), ("165.5", 165.5), ("一百六", 160), ("一百六五", 165), ("一百六十五", 165),
        ("百六十", 160), ("百六", 160), ("两百", 200), ("俩百", 200), ("二百一", 210),
        ("二百零五", 205), ("一百零五", 105), ("一六五", 165), ("幺六五", 165), ("1百65", 165),
        ("1百6", 160), ("1百六十", 160), ("八十二", 82), ("十五", 15), ("十一点几", 11),
        ("八点多", 8), ("七个八", 7.8), ("七点八", 7.8), ("八点二五", 8.25), ("3点6", 3.6),
        ("13·2", 13.2), ("７．８", 7.8), ("十几", 10), ("20多", 20), ("六点半", 6.5), ("112一直", 112),
    ],
)  # fmt: skip
def test_a_number_has_its_value(said: str, value: float) -> None:
    number = number_at(normalise(said).text, 0)
    assert number is not None
    assert number.value == pytest.approx(value)


@pytest.mark.parametrize("said", ["150多", "130几", "一百六十来", "十一点几", "八点多", "二十多"])
def test_a_vague_number_says_so(said: str) -> None:
    number = number_at(said, 0)
    assert number is not None
    assert number.approximate


def test_two_numbers_in_one_breath_are_parted() -> None:
    first = number_at("一百四九十", 0)
    assert first is not None
    second = number_at("一百四九十", first.end)
    assert second is not None
    assert (first.value, second.value) == (140, 90)


@pytest.mark.parametrize("text", ["百", "百合", "年", "", "点"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert number_at(text, 0) is None if text else number_at("x", 0) is None


def test_a_year_takes_no_fraction() -> None:
    number = number_at("2016.7", 0)
    assert number is not None
    assert number.value == 2016


def test_traditional_full_width_and_slips_become_one_spelling() -> None:
    assert normalise("血壓１６５／９８，頭暈").text == "血压165/98,头晕"
    assert normalise("酱牙药 二假双瓜").text == "降压药 二甲双胍"


def test_a_numeral_typed_for_a_dash_is_a_dash() -> None:
    assert normalise("140一90").text == "140-90"


def test_offsets_lead_back_to_the_original() -> None:
    normal = normalise("a\u200b㎜b")
    assert normal.text == "ammb"
    assert [normal.origin(i) for i in range(5)] == [0, 2, 2, 3, 4]


def test_a_text_without_changes_needs_no_offsets() -> None:
    assert normalise("血压").offsets is None


def test_a_very_long_text_keeps_its_beginning_and_its_end() -> None:
    normal = normalise("头晕" + "好" * 3 * LONGEST + "胸痛")
    assert len(normal.text) == LONGEST
    assert normal.text.startswith("头晕")
    assert normal.text.endswith("胸痛")
    assert normal.origin(LONGEST - 1) == 3 * LONGEST + 3


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("酱鸭要", "降压药"),
        ("二假霜瓜", "二甲双胍"),
        ("喘部上汽", "喘不上气"),
        ("半生不碎", "半身不遂"),
    ],
)
def test_a_term_typed_by_its_sound_is_repaired(typed: str, meant: str) -> None:
    assert normalise(f"我{typed}了").text == f"我{meant}了"


def test_ordinary_words_are_left_alone() -> None:
    for text in ("学堂里的孩子很高雅", "把房子抵押了", "今天新挑的水", "恐怖片看多了"):
        assert normalise(text).text == text


def test_the_table_of_sounds_agrees_with_its_source() -> None:
    from pypinyin import lazy_pinyin

    table = homophones._sounds()
    for sign in "降压药胸闷头晕呕吐二甲双胍血糖":
        assert table[sign] == homophones._blurred(lazy_pinyin(sign)[0])
