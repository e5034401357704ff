"""A name is found however it is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.spelling import place_of, sort_key, syllables

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗单解曾翟仇任区朴查盖覃吕"
GIVEN = "桂芳建国秀兰大山玉梅志强红霞永平素珍长水女绿行乐重"

names = st.builds(
    lambda surname, given: surname + given,
    st.sampled_from([*SURNAMES, "尉迟", "欧阳", "令狐", "万俟"]),
    st.text(GIVEN, min_size=1, max_size=2),
)


@given(names, st.data())
def test_any_mixture_of_characters_syllables_and_initials_finds_the_name(
    name: str, data: st.DataObject
) -> None:
    typed = "".join(
        data.draw(st.sampled_from([one, *syllables(one), *(s[0] for s in syllables(one))]))
        for one in name
    )
    assert place_of(typed, name) == 0
    assert place_of(typed.upper(), name) == 0


@given(names, st.data())
def test_what_was_typed_of_a_name_so_far_finds_it_too(name: str, data: st.DataObject) -> None:
    whole = "".join(syllables(one)[0] for one in name)
    assert place_of(whole[: data.draw(st.integers(1, len(whole)))], name) == 0


@given(names, st.text("0123456789!?*%_", min_size=1, max_size=5))
def test_what_is_in_no_name_finds_nobody(name: str, typed: str) -> None:
    assert place_of(typed, name) is None


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("shanxiongxin", "单雄信"),
        ("sxx", "单雄信"),
        ("xie", "解永平"),
        ("zengguofan", "曾国藩"),
        ("zgf", "曾国藩"),
        ("zhai", "翟秀兰"),
        ("yuchi", "尉迟恭"),
        ("ycg", "尉迟恭"),
        ("qiu", "仇英"),
        ("ou", "区建国"),
        ("piao", "朴玉子"),
        ("zha", "查良镛"),
        ("ge", "盖叫天"),
        ("moqi", "万俟卨"),
        ("qin", "覃桂芳"),
        ("lv", "吕玉兰"),
        ("lu", "吕玉兰"),
        ("lü", "吕玉兰"),
        ("wang'guifang", "王桂芳"),
        ("王gf", "王桂芳"),
        ("桂芳", "王桂芳"),
        ("gf", "王桂芳"),
        ("zhsh", "张山"),
    ],
)
def test_surnames_of_several_readings_and_habits_of_typing(typed: str, name: str) -> None:
    assert place_of(typed, name) is not None


@pytest.mark.parametrize("typed", ["wf", "fgw", "wgfx", "李", "wangx"])
def test_what_does_not_fit_is_not_found(typed: str) -> None:
    assert place_of(typed, "王桂芳") is None


def test_a_list_stands_in_the_order_of_the_surnames_sound() -> None:
    listed = sorted(["赵一", "单一", "翟一", "任一", "曾一"], key=sort_key)
    assert listed == ["任一", "单一", "曾一", "翟一", "赵一"]


def test_letters_and_other_signs_spell_themselves() -> None:
    assert place_of("tom", "Tom") == 0
    assert place_of("m", "·M") == 1
    assert place_of("", "王") is None
