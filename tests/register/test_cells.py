"""Cells are read, repaired from what they hold, or refused. Nothing is invented."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from care.reading import GlucoseContext, Kind
from care.situation import Programme
from records.register import days, identities, marks, phones
from records.register.cells import Cell, plain
from records.register.reasons import Reason, RefusedError

TODAY = date(2026, 11, 23)
BIRTHDAYS = st.dates(date(1900, 1, 1), TODAY)
MOBILES = st.from_regex(r"1[3-9][0-9]{8}[1-9]", fullmatch=True)
LANDLINES = st.from_regex(r"0(10|2[0-9]|[3-9][0-9]{2})-[2-8][0-9]{6,7}", fullmatch=True)
CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.text(alphabet="0123456789 -—/、,;.+Ee()（）：电话手机１２３X×*\u200b", max_size=40),
    st.integers(-(10**18), 10**19),
    st.floats(allow_nan=True, allow_infinity=True),
    st.none(),
)


def is_within(digits: str, text: str) -> bool:
    """Every digit of the first stands in the second, in the same order."""
    rest = iter(text)
    return all(digit in rest for digit in digits)


def refusal(read: object, *args: object) -> Reason:
    with pytest.raises(RefusedError) as refused:
        read(*args)  # type: ignore[operator]
    return refused.value.code


@given(CELLS)
def test_no_phone_holds_a_digit_that_its_cell_does_not(cell: Cell) -> None:
    try:
        found = phones.read_phones(cell)
    except RefusedError:
        return
    if found is not None:
        for number in (found.number, *found.others):
            assert number.isdigit()
            assert is_within(number, plain(cell))


@given(CELLS)
def test_no_identity_number_holds_a_digit_that_its_cell_does_not(cell: Cell) -> None:
    try:
        found = identities.read_identity(cell, TODAY)
    except RefusedError:
        return
    if found is not None:
        assert is_within(found.number.rstrip("X"), plain(cell))
        assert found.canonical[:17].isdigit()


@example("0000")
@given(CELLS)
def test_a_date_is_in_the_past_or_it_is_refused(cell: Cell) -> None:
    try:
        found = days.read_date(cell, TODAY)
    except RefusedError:
        return
    if found is not None:
        assert "1900" <= found <= TODAY.isoformat()


@given(st.one_of(MOBILES, LANDLINES), st.sampled_from(["", " ", ".0", "(儿子)", "  电话："]))
def test_a_whole_number_is_read_whatever_stands_around_it(number: str, around: str) -> None:
    if around == ".0" and "-" in number:
        number = number.replace("-", "")
    cell = around + number if around.endswith("：") else number + around
    found = phones.read_phones(cell)
    assert found is not None
    assert found.number == number.replace("-", "")
    assert found.others == ()


@given(MOBILES, MOBILES, st.sampled_from(["/", "、", "，", " ", "；", "或"]))
def test_two_numbers_in_a_cell_are_two_numbers(one: str, other: str, between: str) -> None:
    found = phones.read_phones(f"{one}{between}{other}")
    assert found is not None
    assert (found.number, *found.others) == tuple(dict.fromkeys((one, other)))


@given(MOBILES)
def test_what_excel_made_of_a_phone_is_repaired_when_nothing_is_lost(number: str) -> None:
    for cell in (int(number), float(number), f"{number}.0", f"{number[0]}.{number[1:]}E+10"):
        found = phones.read_phones(cell)
        assert found is not None
        assert found.number == number
    assert refusal(phones.read_phones, f"{int(number):.3E}") is Reason.PHONE_SCIENTIFIC


@given(LANDLINES)
def test_a_landline_without_its_zero_is_never_guessed(number: str) -> None:
    digits = int(number.replace("-", ""))
    if str(digits)[0] == "1" and len(str(digits)) == 11:
        # The rest happens to be a mobile number: that is what the cell says.
        return
    assert refusal(phones.read_phones, digits) in {Reason.PHONE_WRONG, Reason.PHONE_SHORT}


@given(BIRTHDAYS, st.integers(0, 999))
def test_a_right_identity_number_is_read_and_a_typo_in_it_is_found(born: date, order: int) -> None:
    first = f"330182{born:%Y%m%d}{order:03d}"
    number = first + identities.check_digit(first)
    if number.endswith("000"):
        assert refusal(identities.read_identity, number, TODAY) is Reason.IDENTITY_EATEN
        return
    found = identities.read_identity(number.lower(), TODAY)
    assert found is not None
    assert (found.born_on, found.sex) == (born, "male" if order % 2 else "female")
    for place in range(17):
        typo = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        with pytest.raises(RefusedError):
            identities.read_identity(typo, TODAY)


@given(BIRTHDAYS, st.integers(0, 999))
def test_an_identity_number_that_excel_has_eaten_is_refused(born: date, order: int) -> None:
    first = f"330182{born:%Y%m%d}{order:03d}"
    whole = first + identities.check_digit(first)
    eaten = int(whole[:15] + "000")
    for cell in (eaten, float(eaten), str(eaten), f"{eaten:.5E}"):
        assert refusal(identities.read_identity, cell, TODAY) is Reason.IDENTITY_EATEN


@given(st.dates(date(1930, 1, 1), date(1999, 12, 31)))
def test_a_day_is_the_same_day_in_every_writing(day: date) -> None:
    writings: list[Cell] = [
        day.isoformat(),
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}/{day.month}/{day.day} 0:00:00",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        int(f"{day:%Y%m%d}"),
        f"{day:%y}.{day.month}.{day.day}" if day.year % 100 > 26 else day.isoformat(),
        (day - date(1899, 12, 30)).days,
        str((day - date(1899, 12, 30)).days),
    ]
    assert {days.read_date(cell, TODAY) for cell in writings} == {day.isoformat()}


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("56年3月", "1956-03"),
        ("1956.03", "1956-03"),
        ("1956年", "1956"),
        (1956, "1956"),
        ("25/5/1956", "1956-05-25"),
        ("5-25-1956", "1956-05-25"),
        ("5/5/1956", "1956-05-05"),
        ("不详", None),
        (None, None),
    ],
)
def test_a_date_is_as_exact_as_it_is_written(cell: Cell, found: str | None) -> None:
    assert days.read_date(cell, TODAY) == found


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("农历八月初三", Reason.DATE_LUNAR),
        ("腊月廿三", Reason.DATE_LUNAR),
        ("3/5/1956", Reason.DATE_ORDER),
        ("05.3.5", Reason.DATE_CENTURY),
        ("1956-2-30", Reason.DATE_IMPOSSIBLE),
        ("2027-1-1", Reason.DATE_FUTURE),
        (1956.1, Reason.DATE_UNREADABLE),
        ("5月6日", Reason.DATE_UNREADABLE),
        ("1856-3-5", Reason.DATE_IMPOSSIBLE),
        (123, Reason.DATE_UNREADABLE),
    ],
)
def test_a_date_that_could_be_another_is_refused(cell: Cell, why: Reason) -> None:
    assert refusal(days.read_date, cell, TODAY) is why


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("1.38E+10", Reason.PHONE_SCIENTIFIC),
        (13800000000, Reason.PHONE_SCIENTIFIC),
        ("88001234", Reason.PHONE_SHORT),
        ("1380000111", Reason.PHONE_WRONG),
        ("138000011112", Reason.PHONE_WRONG),
        ("没记住", Reason.PHONE_UNREADABLE),
        ("abc", Reason.PHONE_UNREADABLE),
    ],
)
def test_half_a_number_is_refused(cell: Cell, why: Reason) -> None:
    assert refusal(phones.read_phones, cell) is why


@pytest.mark.parametrize(
    ("cell", "ticked"),
    [("√", True), ("是", True), (1, True), ("高血压", True), ("Ｙ", True),
     ("否", False), (0, False), ("×", False), ("无", False), (None, None), ("/", None)],
)  # fmt: skip
def test_a_tick_is_a_tick(cell: Cell, ticked: bool | None) -> None:
    assert marks.read_flag(cell, Programme.HYPERTENSION) is ticked


@pytest.mark.parametrize(
    ("cell", "named"),
    [("高血压", 1), ("高血压、2型糖尿病", 2), ("两病", 2), ("糖尿病", 1), ("", 0)],
)
def test_diseases_are_read(cell: Cell, named: int) -> None:
    assert len(marks.read_programmes(cell)) == named


def test_what_is_not_sure_is_refused() -> None:
    assert refusal(marks.read_flag, "好像", Programme.HYPERTENSION) is Reason.FLAG_UNCLEAR
    assert refusal(marks.read_programmes, "1型糖尿病") is Reason.PROGRAMME_OTHER
    assert refusal(marks.read_programmes, "妊娠糖尿病") is Reason.PROGRAMME_OTHER
    assert refusal(marks.read_sex, "不男不女") is Reason.SEX_UNCLEAR
    assert refusal(marks.read_status, "看情况") is Reason.STATUS_UNCLEAR
    assert refusal(marks.read_pressure, "142") is Reason.PRESSURE_UNREADABLE
    assert refusal(marks.read_pressure, "86/142") is Reason.PRESSURE_DOUBTFUL
    assert refusal(marks.read_glucose, "126mg/dl", GlucoseContext.FASTING) is Reason.GLUCOSE_UNIT
    assert refusal(marks.read_glucose, "高", GlucoseContext.FASTING) is Reason.GLUCOSE_UNREADABLE
    assert refusal(marks.read_height, "5尺3") is Reason.HEIGHT_UNREADABLE
    assert refusal(marks.read_height, 20) is Reason.HEIGHT_UNREADABLE


def test_values_are_read_in_their_writings() -> None:
    for cell in ("142/86", "142-86", "１４２／８６", "142/86mmHg", "142 / 86"):
        pressure = marks.read_pressure(cell)
        assert pressure is not None
        assert (pressure.kind, pressure.systolic, pressure.diastolic) == (Kind.BP, 142, 86)
    both = marks.pressure_of(142, "86")
    assert both is not None
    assert both.diastolic == 86
    assert marks.pressure_of(None, None) is None
    glucose = marks.read_glucose("7.2mmol/L", GlucoseContext.FASTING)
    assert glucose is not None
    assert glucose.value == 7.2
    assert marks.read_height("1.62米") == marks.read_height(162) == 162
    assert marks.read_status("已迁出") == "moved"
    assert marks.read_sex("1") == "male"
    assert marks.read_sex("不详") is None
    assert marks.read_status("") is None
    assert marks.read_height("/") is None
    assert marks.read_pressure(None) is None
    assert marks.read_glucose(None, GlucoseContext.FASTING) is None


def test_the_old_number_becomes_the_new_one_by_the_standard() -> None:
    found = identities.read_identity("110105491231002", TODAY)
    assert found is not None
    assert found.canonical == "11010519491231002X"
    assert identities.canonical_of("11010519491231002x") == "11010519491231002X"
    for wrong in ("110105491331002", "330182202612250013"):
        with pytest.raises(RefusedError):
            identities.read_identity(wrong, TODAY + timedelta(days=1))
    assert refusal(identities.read_identity, "12345", TODAY) is Reason.IDENTITY_LENGTH
    assert refusal(identities.read_identity, "护照E1234567-8", TODAY) is Reason.IDENTITY_UNREADABLE
    assert identities.read_identity("无", TODAY) is None
