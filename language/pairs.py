"""Two numbers, or three or four, that are one thing: a pressure, a range, a value typed with a comma."""

from __future__ import annotations

import re

from care.reading import Kind
from language import shapes
from language.lexicon import shapes as all_shapes
from language.numerals import Number
from language.singles import Clue, Single
from language.state import PRESSURE_NAMES, Label, State
from language.tokens import Token
from language.understanding import Certainty

_AROUND = re.compile(r"[^,。]{0,8}(?:之间|不等|波动|徘徊|左右)|/")
_PULSE = all_shapes()["pulse_behind"]
_RANGE_SPAN = 30
_QUIET = 14
_TWO = 2
_THREE = 3
_GARBLED = 100
_LOWEST = 40
_LIST_FLOOR = 12


class Pairs:
    """Reads what the first numbers of a group make together; 0 when they are single numbers."""

    def __init__(self, state: State, single: Single) -> None:
        self.state, self.single = state, single

    def read(self, numbers: list[Token]) -> int:
        """How many number tokens were taken."""
        if len(numbers) < _TWO:
            return 0
        first, second = numbers[:_TWO]
        between = self.state.text[first.end : second.start]
        if self._went(between, second):
            return 0
        return (
            self._double_range(numbers) or self._half_range(numbers) or self._two(numbers, between)
        )

    def _went(self, between: str, second: Token) -> bool:
        """从150到130 tells two values, unless 之间 makes it a range."""
        leaving = self.state.scope.leaving and shapes.is_arrow(between)
        return leaving and _AROUND.match(self.state.text, second.end) is None

    def _double_range(self, numbers: list[Token]) -> int:
        """145-155/85-95."""
        if len(numbers) < _TWO + _TWO or not self._pressure_allowed(numbers[0]):
            return 0
        a, b, c, d = numbers[:4]
        spans = [self.state.text[x.end : y.start] for x, y in ((a, b), (b, c), (c, d))]
        if not (shapes.is_range(a.figure, b.figure, spans[0]) and shapes.is_dash(spans[2])):
            return 0
        if c.figure.value >= d.figure.value or shapes.is_dash(spans[1]):
            return 0
        pressure = shapes.as_pressure(b.figure, d.figure, "/")
        if pressure is None:
            return 0
        draft = self.state.draft(Kind.BP, a, d)
        draft.systolic, draft.diastolic = pressure.systolic, pressure.diastolic
        draft.low, draft.high, draft.approximate = a.figure.value, b.figure.value, True
        self.state.keep(draft)
        return 4

    def _half_range(self, numbers: list[Token]) -> int:
        """155-160/90 and 145/85-95: only one of the two pressures is a range."""
        if len(numbers) < _THREE or not self._pressure_allowed(numbers[0]):
            return 0
        a, b, c = numbers[:_THREE]
        first, second = self.state.text[a.end : b.start], self.state.text[b.end : c.start]
        comma = second in {",", "、"} and self.state.label.name in PRESSURE_NAMES
        if ("/" in second or comma) and shapes.is_range(a.figure, b.figure, first):
            low, high, other = a, b, c
        elif "/" in first and shapes.is_range(b.figure, c.figure, second):
            low, high, other = b, c, a
        else:
            return 0
        pressure = shapes.as_pressure(high.figure, other.figure, "/")
        if pressure is None:
            return 0
        draft = self.state.draft(Kind.BP, a, c)
        draft.systolic, draft.diastolic = pressure.systolic, pressure.diastolic
        draft.approximate = True
        if pressure.systolic == high.figure.value:
            draft.low, draft.high = low.figure.value, high.figure.value
        self.state.keep(draft)
        return _THREE

    def _two(self, numbers: list[Token], between: str) -> int:
        first, second = numbers[:_TWO]
        if "kpa" in {first.unit, second.unit} and self._kpa(first, second):
            return _TWO
        if self._pressure_allowed(first) and self._unit_allows(first, second, between):
            pressure = self._pressure(first, second, between)
            if pressure is not None:
                self._keep_pressure(pressure, first, second)
                return _TWO + self._pulse_behind(numbers)
            if self._garbled(first, second, between):
                return _TWO
        alone = len(numbers) == _TWO
        if (alone and self._comma_point(first, second, between)) or self._range(
            first, second, between
        ):
            return _TWO
        return 0

    @staticmethod
    def _unit_allows(first: Token, second: Token, between: str) -> bool:
        """152/96mmol/l: the wrong unit behind a pressure does not make it glucose."""
        units = {first.unit, second.unit}
        slipped = "/" in between and first.figure.value >= _GARBLED and first.unit is None
        return units <= {None, "bp"} or (slipped and second.unit == "glucose")

    def _pressure_allowed(self, first: Token) -> bool:
        """A pair may be a pressure when pressure is in force, or nothing else claims it."""
        label = self.state.label
        if label.name in PRESSURE_NAMES or label.name in {"", "glucose"}:
            return True
        return self.state.tokens.loose(label.end, first.start) + label.commas + label.stops > 0

    def _pressure(self, first: Token, second: Token, between: str) -> shapes.Pressure | None:
        label = self.state.label.name
        if label in {"systolic", "diastolic"} and shapes.is_dash(between):
            rise = second.figure.value - first.figure.value
            if 0 < rise <= _RANGE_SPAN:
                return None
        pressure = shapes.as_pressure(first.figure, second.figure, between)
        if pressure is None or label in PRESSURE_NAMES or "/" in between:
            return pressure
        quiet = self.state.silence <= _QUIET or "压" in self.state.text
        return pressure if quiet or self.state.expects(Kind.BP) else None

    def _keep_pressure(self, pressure: shapes.Pressure, first: Token, second: Token) -> None:
        draft = self.state.draft(Kind.BP, first, second)
        draft.systolic, draft.diastolic = pressure.systolic, pressure.diastolic
        draft.certainty = pressure.certainty
        draft.approximate |= first.figure.approximate or second.figure.approximate
        self.state.keep(draft)
        if self.state.label.name in {"systolic", "diastolic", ""}:
            self.state.label = Label("bp", second.end)

    def _pulse_behind(self, numbers: list[Token]) -> int:
        """148 92 76: the third number of a home meter is the pulse."""
        if len(numbers) != _TWO + 1 or numbers[2].unit not in {None, "pulse"}:
            return 0
        first, second, third = numbers
        text, number = self.state.text, third.figure
        between = text[second.end : third.start]
        parted = text[first.end : second.start]
        listed = "," in between and "/" in parted
        ranged = shapes.is_dash(between) and not shapes.is_dash(parted)
        if ranged or listed or not _PULSE.fits(number.value):
            return 0
        if not number.whole or number.approximate:
            return 0
        draft = self.state.draft(Kind.PULSE, third, third)
        draft.value = number.value
        self.state.keep(draft)
        return 1

    def _garbled(self, first: Token, second: Token, between: str) -> bool:
        """1500/80: said to be a pressure, and cannot be one."""
        named = "/" in between and self.state.label.name in PRESSURE_NAMES
        large = max(first.figure.value, second.figure.value) >= _GARBLED
        cut = first.figure.value < _LOWEST <= second.figure.value
        if not (named and (large or cut) and first.figure.whole):
            return False
        draft = self.state.draft(Kind.BP, first, second)
        draft.systolic, draft.diastolic = first.figure.value, second.figure.value
        draft.certainty = Certainty.IMPLAUSIBLE
        self.state.keep(draft)
        return True

    def _kpa(self, first: Token, second: Token) -> bool:
        figures = (first.figure, second.figure)
        if not all(all_shapes()["kpa"].fits(number.value) for number in figures):
            return False
        draft = self.state.draft(Kind.BP, first, second)
        draft.diastolic, draft.systolic = sorted(shapes.mmhg(n.value) for n in figures)
        draft.original = self.state.text[first.start : second.end]
        self.state.keep(draft)
        return True

    def _comma_point(self, first: Token, second: Token, between: str) -> bool:
        """9，3 and 8、15: a comma typed for the point of a glucose value."""
        if not (self._comma(first.figure, second.figure, between) and self._glucose_named()):
            return False
        value = float(f"{first.figure.digits}.{second.figure.digits}")
        if second.unit not in {None, "glucose"} or not all_shapes()["glucose"].fits(value):
            return False
        draft = self.state.draft(Kind.GLUCOSE, first, second)
        draft.value, draft.context = value, self.state.take_context(second)
        self.state.keep(draft)
        return True

    @staticmethod
    def _comma(first: Number, second: Number, between: str) -> bool:
        if between not in {",", "、", "。", "'"} or not (first.digits and second.digits):
            return False
        two_values = min(first.value, second.value) > _LIST_FLOOR
        return len(second.digits) <= _TWO and not two_values

    def _glucose_named(self) -> bool:
        label = self.state.label.name
        return label == "glucose" or (not label and self.state.expects(Kind.GLUCOSE))

    def _range(self, first: Token, second: Token, between: str) -> bool:
        if not shapes.is_range(first.figure, second.figure, between):
            return False
        unit = second.unit or first.unit
        merged = Token("num", "", first.start, second.end, second.number, unit)
        return self.single.read(Clue(merged, first.figure.value))
