"""Six digits, however they were typed; and never a reading, a phone number or a date."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.binding_code import FIRST_DIGITS, LENGTH, code_in
from language.reader import read

codes = st.builds(
    lambda first, rest: first + rest,
    st.sampled_from(FIRST_DIGITS),
    st.text("0123456789", min_size=LENGTH - 1, max_size=LENGTH - 1),
)
_SPOKEN = dict(zip("0123456789", "零一二三四五六七八九", strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "482913",
        "我的绑定码是 482913",
        "绑定482913",
        "４８２９１３",
        "四八二九一三",
        "我的绑定码是四八二，九一三",
        "482 913",
        "4 8 2 9 1 3",
        "482-913",
        "您好，482913",
        "医生给的码482913，对不对",
        "验证码:482913。",
    ],
)
def test_a_code_is_found_however_it_is_written(text: str) -> None:
    found = code_in(text)
    assert found is not None
    assert found.digits == "482913"


@pytest.mark.parametrize(
    "text",
    [
        "165098",
        "血压165098",
        "165/98",
        "高压165低压98",
        "13800138000",
        "我的电话号码是654321",
        "邮编650000",
        "身份证530102195403080022",
        "空腹6.5餐后8.9",
        "85 78 66",
        "2026-11-22",
        "我今天血压482913了",
        "吃了480000块",
        "绑定",
        "",
    ],
)
def test_what_is_no_code_is_left_alone(text: str) -> None:
    assert code_in(text) is None


def test_a_code_of_the_wrong_length_is_noticed_when_it_is_called_one() -> None:
    found = code_in("绑定码48291")
    assert found is not None
    assert found.digits == "48291"
    assert code_in("48291") is None


def test_the_rest_of_the_message_is_kept() -> None:
    found = code_in("绑定码：482913，血压150/90")
    assert found is not None
    assert [(m.reading.systolic, m.reading.diastolic) for m in read(found.rest).mentions] == [
        (150, 90)
    ]


@given(st.integers(60, 320), st.integers(30, 200), st.sampled_from(["", "/", " ", "，"]))
def test_a_pressure_is_never_taken_for_a_code(systolic: int, diastolic: int, between: str) -> None:
    assert code_in(f"{systolic}{between}{diastolic}") is None
    assert code_in(f"血压{systolic}{between}{diastolic}") is None
    assert code_in(f"{systolic:03}{between}{diastolic:03}") is None


@given(st.integers(130, 199), st.integers(0, 99_999_999))
def test_a_mobile_number_is_never_taken_for_a_code(prefix: int, rest: int) -> None:
    assert code_in(f"{prefix}{rest:08d}") is None
    assert code_in(f"我的手机{prefix}{rest:08d}") is None
    assert code_in(f"绑定 {prefix}{rest:08d}") is None


@given(codes)
def test_a_code_is_never_taken_for_a_reading(code: str) -> None:
    for text in (code, f"我的绑定码是{code}", f"{code[:3]} {code[3:]}"):
        found = code_in(text)
        assert found is not None
        assert found.digits == code
        assert read(text).mentions == ()


@given(codes)
def test_a_code_that_is_spelt_out_is_found(code: str) -> None:
    found = code_in("".join(_SPOKEN[digit] for digit in code))
    assert found is not None
    assert found.digits == code


@given(st.text(max_size=60))
def test_any_text_is_survived(text: str) -> None:
    found = code_in(text)
    if found is not None:
        assert len(found.rest) < len(text)
