"""Short answers in cells: yes or no, sex, diseases, a blood pressure, a blood sugar."""

from __future__ import annotations

import re

from care.plausibility import Plausibility, check
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Programme
from records.register.cells import Cell, is_empty, plain, squeezed
from records.register.reasons import Reason, RefusedError

_YES = frozenset(
    {
        "√",
        "✓",
        "✔",
        "☑",
        "是",
        "1",
        "有",
        "对",
        "患",
        "y",
        "yes",
        "t",
        "true",
        "v",
        "+",
        "已纳入",
        "在管",
    }
)
_NO = frozenset({"否", "0", "×", "x", "✗", "☐", "□", "n", "no", "f", "false", "未", "不是", "非"})
_DISEASES = {
    Programme.HYPERTENSION: ("高血压", "HTN"),
    Programme.TYPE2_DIABETES: ("糖尿病", "T2DM", "DM"),
}
_OTHER_DIABETES = re.compile(r"[1一ⅠI]型糖尿病|妊娠.{0,2}糖尿病|糖尿病前期|糖耐量")
_BOTH = re.compile(r"两病|二病|双病")
_SEXES = {
    "男": "male",
    "男性": "male",
    "m": "male",
    "女": "female",
    "女性": "female",
    "f": "female",
}
# GB/T 2261.1
_SEX_CODES = {"1": "male", "2": "female"}
_PRESSURE = re.compile(r"(\d{2,3})[/\-、\\ ](\d{2,3})(?:mmHg|毫米汞柱)?", re.IGNORECASE)
_GLUCOSE = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)(?:mmol/?L?)?", re.IGNORECASE)
_HEIGHT = re.compile(r"(\d{2,3}(?:\.\d)?)(?:cm|厘米)?|(\d\.\d{1,2})(?:m|米)", re.IGNORECASE)
_STATUSES = {
    "deceased": ("死亡", "已故", "去世", "病故"),
    "moved": ("迁出", "搬走", "搬迁"),
    "refused": ("拒绝", "拒访", "不配合"),
    "active": ("在管", "正常", "管理中", "在册", "健在"),
}


def read_flag(cell: Cell, programme: Programme) -> bool | None:
    """Whether a column of one disease is ticked; None for an empty cell."""
    text = squeezed(cell).lower()
    if text in _NO or text in {"无", "没有"}:
        return False
    if is_empty(cell):
        return None
    if text in _YES or any(text == name.lower() for name in _DISEASES[programme]):
        return True
    raise RefusedError(Reason.FLAG_UNCLEAR)


def read_programmes(cell: Cell) -> tuple[Programme, ...]:
    """The diseases named in a cell."""
    if is_empty(cell):
        return ()
    text = squeezed(cell)
    rest = _OTHER_DIABETES.sub("", text)
    both = bool(_BOTH.search(rest))
    found = tuple(
        programme
        for programme, names in _DISEASES.items()
        if both or any(name in rest for name in names)
    )
    if not found or rest != text:
        raise RefusedError(Reason.PROGRAMME_OTHER)
    return found


def read_sex(cell: Cell) -> str | None:
    if is_empty(cell):
        return None
    text = squeezed(cell).lower()
    found = _SEXES.get(text) or _SEX_CODES.get(text)
    if found is None:
        raise RefusedError(Reason.SEX_UNCLEAR)
    return found


def read_status(cell: Cell) -> str | None:
    """What became of the person, when a column says so."""
    text = squeezed(cell)
    for status, words in _STATUSES.items():
        if any(word in text for word in words):
            return status
    if not is_empty(cell):
        raise RefusedError(Reason.STATUS_UNCLEAR)
    return None


def read_pressure(cell: Cell) -> Reading | None:
    """A blood pressure, written upper/lower."""
    if is_empty(cell):
        return None
    found = _PRESSURE.fullmatch(plain(cell).replace(" /", "/").replace("/ ", "/"))
    if found is None:
        raise RefusedError(Reason.PRESSURE_UNREADABLE)
    reading = Reading(Kind.BP, systolic=float(found[1]), diastolic=float(found[2]))
    return _possible(reading, Reason.PRESSURE_DOUBTFUL)


def pressure_of(upper: Cell, lower: Cell) -> Reading | None:
    """A blood pressure in two columns."""
    if is_empty(upper) and is_empty(lower):
        return None
    return read_pressure(f"{squeezed(upper)}/{squeezed(lower)}")


def read_glucose(cell: Cell, context: GlucoseContext) -> Reading | None:
    """A blood sugar in mmol/L."""
    if is_empty(cell):
        return None
    text = squeezed(cell)
    if "mg" in text.lower():
        raise RefusedError(Reason.GLUCOSE_UNIT)
    found = _GLUCOSE.fullmatch(text)
    if found is None:
        raise RefusedError(Reason.GLUCOSE_UNREADABLE)
    return _possible(
        Reading(Kind.GLUCOSE, value=float(found[1]), context=context), Reason.GLUCOSE_DOUBTFUL
    )


def read_height(cell: Cell) -> float | None:
    """A height in centimetres; metres only where the cell says so."""
    if is_empty(cell):
        return None
    found = _HEIGHT.fullmatch(squeezed(cell))
    if found is None:
        raise RefusedError(Reason.HEIGHT_UNREADABLE)
    height = float(found[1]) if found[1] else round(float(found[2]) * 100, 1)
    if not 90 <= height <= 230:  # noqa: PLR2004 - no adult is shorter or taller
        raise RefusedError(Reason.HEIGHT_UNREADABLE)
    return height


def _possible(reading: Reading, code: Reason) -> Reading:
    if check(reading).plausibility is not Plausibility.FINE:
        verdict = check(reading)
        if set(verdict.doubts) - {"unusual"}:
            raise RefusedError(code)
    return reading
