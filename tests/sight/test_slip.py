"""A row of a slip is proposed only where name, value, unit, range and arrow fit together."""

from __future__ import annotations

from datetime import date

import pytest

pytest.importorskip("cv2", reason="the extra [photo] is not installed here")

from care.reading import GlucoseContext, Kind, Reading
from sight.lines import Line
from sight.slip import is_slip, read_slip

HEAD = ("项目", "结果", "单位", "参考范围")
GOOD = ("葡萄糖(GLU)", "8.9 ↑", "mmol/L", "3.9-6.1")


def slip(*rows: tuple[str, ...], confidence: float = 1.0) -> list[Line]:
    lines = [Line("采样日期：2026-11-20", 1.0, 200, 20, 300, 30, 0.0)]
    for number, row in enumerate((HEAD, *rows)):
        for cell, words in enumerate(row):
            sure = confidence if number else 1.0
            lines.append(Line(words, sure, 100 + 250 * cell, 80 + 60 * number, 120, 34, 0.0))
    return lines


def test_a_row_that_fits_is_proposed_with_the_day_of_the_slip() -> None:
    found = read_slip(slip(GOOD, ("HbA1c", "5.4", "%", "4.0-6.0")))
    assert found.readings == (Reading(Kind.GLUCOSE, value=8.9), Reading(Kind.HBA1C, value=5.4))
    assert found.on == date(2026, 11, 20)


def test_fasting_is_kept() -> None:
    (reading,) = read_slip(slip(("空腹血糖(GLU)", *GOOD[1:]))).readings
    assert reading.context is GlucoseContext.FASTING


@pytest.mark.parametrize(
    "row",
    [
        ("尿葡萄糖", *GOOD[1:]),
        ("餐后2小时血糖", *GOOD[1:]),
        ("糖化血清蛋白", "2.1", "%", "1.6-2.6"),
        ("葡萄糖", "89", "mmol/L", "3.9-6.1"),
        ("葡萄糖", "8.9", "mmol/L", "3.9-6.1"),
        ("葡萄糖", "5.2 ↑", "mmol/L", "3.9-6.1"),
        ("葡萄糖", "8.9 ↑", "mg/dL", "3.9-6.1"),
        ("葡萄糖", "8.9 ↑", "mmol/L", "3.96.1"),
        ("葡萄糖", "8.9 ↑", "mmol/L", "6.1-3.9"),
        ("葡萄糖", "8.9 ↑", "mmol/L"),
        ("葡萄糖", "99.9 ↑", "mmol/L", "3.9-6.1"),
    ],
)
def test_a_row_that_does_not_fit_is_left_to_the_doctor(row: tuple[str, ...]) -> None:
    assert read_slip(slip(row)).readings == ()


def test_a_row_that_was_hardly_legible_is_left_to_the_doctor() -> None:
    assert read_slip(slip(GOOD, confidence=0.7)).readings == ()


def test_a_kind_that_stands_there_twice_is_left_to_the_doctor() -> None:
    assert read_slip(slip(GOOD, ("血糖", "4.2", "mmol/L", "3.9-6.1"))).readings == ()


def test_a_day_that_is_none_is_no_day() -> None:
    lines = [line for line in slip(GOOD) if "日期" not in line.words]
    lines.append(Line("2026-13-40", 1.0, 0, 0, 100, 30, 0.0))
    assert read_slip(lines).on is None


def test_a_bill_is_no_slip() -> None:
    assert is_slip(slip(GOOD))
    assert not is_slip([Line("收费票据", 1.0, 0, 0, 100, 30, 0.0)])


def dated(printed: str) -> list[Line]:
    return [*slip(GOOD), Line(f"打印日期：{printed}", 1.0, 200, 400, 300, 30, 0.0)]


def test_a_slip_printed_days_after_the_sample_is_of_the_day_of_the_sample() -> None:
    assert read_slip(dated("2026-11-23")).on == date(2026, 11, 20)


@pytest.mark.parametrize("printed", ["2026-11-24", "2027-11-20"])
def test_an_old_result_that_was_printed_again_is_of_no_known_day(printed: str) -> None:
    assert read_slip(dated(printed)).on is None
