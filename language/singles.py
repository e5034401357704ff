"""One number (or one range) and the single thing it measures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from care.reading import GlucoseContext, Kind
from language import shapes
from language.lexicon import shapes as all_shapes
from language.numerals import Number
from language.tokens import Token
from language.understanding import Certainty

if TYPE_CHECKING:
    from language.draft import Draft
    from language.grammar import Grammar

_NAMED = {
    "bp": Kind.BP, "bp_high": Kind.BP, "bp_low": Kind.BP, "systolic": Kind.BP, "diastolic": Kind.BP,
    "glucose": Kind.GLUCOSE, "hba1c": Kind.HBA1C, "pulse": Kind.PULSE, "weight": Kind.WEIGHT,
    "temp": Kind.TEMP,
}  # fmt: skip
_CHANGE = re.compile(r"(?<!体)(?:瘦|减|轻|掉|胖|长|重|增|降|少|多)(?:了|掉|轻|重|加|低|少|下)+(?:快|近|有|大概|差不多|将近)?$")
_GOODS = re.compile(r"[买卖背扛挑收搬提拎种吃喝杀打猪鸡鱼羊牛粮米麦谷菜瓜果煤酒盐油面肉]")
_BODY = re.compile(r"体重|我[0-9]{3}|身高|厘米|cm|岁|胖|瘦|男|女|称")
_WARM = re.compile(r"烧|体温|热|冷|烫")
_BATH = re.compile(r"水|气温|室温|泡|洗|空调|天气|近视|角|烫伤|拐")
_ENDS = re.compile(r"$|[\s,，.。!?;；、()（）\]】吧了呢的啊左上以后]")
_STEADY = re.compile(r"(?:稳|控制|维持|保持|稳定|波动|量|测|查)[了的出得在到一下]*(?:大概|差不多|大约|都|也|是|还|又)*$")
_TIMED = re.compile(r"\s*(?:钟|半|左右)?\s*(?:测|量|吃|起|的时候|去|来|开始|到|睡|打针|才)")
_GAP = 8


@dataclass(frozen=True, slots=True)
class Clue:
    """A number to place; `low` is the lower end of a range."""

    token: Token
    index: int = -1
    low: float | None = None


class Single:
    """Decides what one number measures, from its unit, the name in force, or what was asked."""

    def __init__(self, grammar: Grammar) -> None:
        self.g = grammar

    def read(self, clue: Clue) -> bool:
        number = clue.token.number
        if number is None:
            return False
        if clue.token.unit is not None:
            return self._by_unit(clue, number, clue.token.unit)
        if number.clock and (self._gap(clue) > 2 or _TIMED.match(self.g.text, clue.token.end)):  # noqa: PLR2004
            if self.g.context_behind(clue.token) is None:
                return True
        return self._by_name(clue, number) or self._by_context(clue, number) or self._unnamed(clue, number)

    # -- by unit ---------------------------------------------------------------------------------

    def _by_unit(self, clue: Clue, number: Number, unit: str) -> bool:
        match unit:
            case "glucose" if self.g.label.name in {"", "glucose", "bp", "bp_high"}:
                return self._value(clue, number, Kind.GLUCOSE)
            case "mgdl" if self.g.label.name in {"", "glucose"}:
                return self._mgdl(clue, number)
            case "bp":
                return self._pressure(clue, number)
            case "hba1c":
                return self.g.label.name != "hba1c" or self._value(clue, number, Kind.HBA1C)
            case "ifcc":
                return self._ifcc(clue, number)
            case "pulse":
                return self._value(clue, number, Kind.PULSE)
            case "jin" | "kg":
                return self._weight(clue, number, unit)
            case "temp":
                return self._temp(clue, number)
            case _:
                return True

    def _mgdl(self, clue: Clue, number: Number) -> bool:
        if not all_shapes()["glucose_mgdl"].fits(number.value):
            return self._doubt(clue, Kind.GLUCOSE, number)
        draft = self._draft(clue, Kind.GLUCOSE, number)
        draft.value = shapes.mmol(number.value)
        draft.low = shapes.mmol(clue.low) if clue.low else None
        draft.high = draft.value if clue.low else None
        draft.original = f"{number.value:g} mg/dL"
        draft.context = self.g.take_context(clue.token)
        return self._keep(draft)

    def _ifcc(self, clue: Clue, number: Number) -> bool:
        if self.g.label.name == "hba1c" and all_shapes()["ifcc"].fits(number.value):
            draft = self._draft(clue, Kind.HBA1C, number)
            draft.value, draft.original = shapes.percent(number.value), f"{number.value:g} mmol/mol"
            return self._keep(draft)
        return True

    def _weight(self, clue: Clue, number: Number, unit: str) -> bool:
        before = self.g.text[max(0, clue.token.start - 10) : clue.token.start]
        kilograms = shapes.kilograms(number.value) if unit == "jin" else number.value
        named = self.g.label.name == "weight" and self._gap(clue) <= _GAP
        if _CHANGE.search(before) or not all_shapes()["weight"].fits(kilograms):
            return True
        about_body = _BODY.search(self.g.text) is not None or len(self.g.text) <= 14  # noqa: PLR2004
        if not named and (_GOODS.search(before) or not about_body):
            return True
        draft = self._draft(clue, Kind.WEIGHT, number)
        draft.value = kilograms
        if unit == "jin":
            draft.original = f"{number.value:g} 斤"
        return self._keep(draft)

    def _temp(self, clue: Clue, number: Number) -> bool:
        near = self.g.text[max(0, clue.token.start - 12) : clue.token.end + 4]
        named = self.g.label.name == "temp" and self._gap(clue) <= _GAP
        if _BATH.search(near) and not named:
            return True
        if not (named or number.decimals or _WARM.search(self.g.text)):
            return True
        return self._value(clue, number, Kind.TEMP) if all_shapes()["temp"].fits(number.value) else True

    # -- by name ---------------------------------------------------------------------------------

    def _by_name(self, clue: Clue, number: Number) -> bool:
        kind = _NAMED.get(self.g.label.name)
        if kind is None or not self._in_reach(clue, number):
            return False
        moment = self.g.context is not None and self.g.context_at > self.g.label.end
        if kind is Kind.BP and moment and all_shapes()["glucose"].fits(number.value):
            return self._value(clue, number, Kind.GLUCOSE)
        if not number.strong and not self._sure(clue, number):
            return False
        match kind:
            case Kind.BP:
                return self._pressure(clue, number)
            case Kind.WEIGHT:
                return self._bare_weight(clue, number)
            case _:
                return self._value(clue, number, kind)

    def _in_reach(self, clue: Clue, number: Number) -> bool:
        label, start = self.g.label, clue.token.start
        gap = self._gap(clue)
        if label.stops:
            decimal = label.name == "glucose" and number.decimals > 0
            return decimal and gap <= _GAP and label.stops == 1
        if label.commas == 0:
            return gap <= _GAP
        since = max((t.end for t in self.g.tokens if t.kind == "brk" and t.name in ",，" and t.end <= start), default=0)
        return self.g.tokens.loose(since, start) <= 2 and label.commas <= 6  # noqa: PLR2004

    def _gap(self, clue: Clue) -> int:
        begin = max(self.g.label.end, self.g.drafts[-1].end if self.g.drafts else 0, self.g.context_at)
        if not self.g.label.name and self.g.context is None:
            return 99
        return self.g.tokens.loose(begin, clue.token.start)

    def _sure(self, clue: Clue, number: Number) -> bool:
        """A weak numeral (八, 七个八) counts only when it stands alone behind its name."""
        if self._gap(clue):
            return False
        return number.decimals > 0 or number.approximate or _ENDS.match(self.g.text, clue.token.end) is not None

    def _bare_weight(self, clue: Clue, number: Number) -> bool:
        """Without a unit, more than a hundred may be either 斤 or a heavy person: ask."""
        if number.value > 100 or not all_shapes()["weight"].fits(number.value):  # noqa: PLR2004
            return self._doubt(clue, Kind.WEIGHT, number)
        return self._value(clue, number, Kind.WEIGHT)

    def _by_context(self, clue: Clue, number: Number) -> bool:
        """A moment of the day names glucose, before or behind the number."""
        behind = self.g.context_behind(clue.token)
        free = not self.g.label.name or self.g.label.commas > 0 or self.g.label.name == "glucose"
        if behind is None or not free or not all_shapes()["glucose"].fits(number.value):
            return False
        return self._value(clue, number, Kind.GLUCOSE, behind)

    # -- without any name ------------------------------------------------------------------------

    def _unnamed(self, clue: Clue, number: Number) -> bool:
        if self._asked(clue, number):
            return True
        before = self.g.text[max(0, clue.token.start - 12) : clue.token.start]
        free = not self.g.label.name or self.g.label.commas or self.g.label.stops
        if free and number.whole and shapes.lone_systolic(number.value) and _STEADY.search(before):
            draft = self._draft(clue, Kind.BP, number)
            draft.systolic, draft.inferred = number.value, True
            return self._keep(draft)
        if free and number.decimals and not number.clock and _STEADY.search(before) and all_shapes()["glucose"].fits(number.value):
            return self._value(clue, number, Kind.GLUCOSE)
        if len(number.digits) in {4, 5, 6} and self._joined(clue, number):
            return True
        if number.strong and not number.clock and self._could_be(number):
            self.g.unread += 1
        return True

    def _asked(self, clue: Clue, number: Number) -> bool:
        expecting = self.g.expecting
        if expecting is None or (self.g.label.name and not self.g.label.stops):
            return False
        if Kind.GLUCOSE in expecting.kinds and all_shapes()["glucose"].fits(number.value):
            return self._value(clue, number, Kind.GLUCOSE, expecting.context)
        if Kind.BP in expecting.kinds and shapes.lone_systolic(number.value):
            return self._pressure(clue, number)
        return False

    def _joined(self, clue: Clue, number: Number) -> bool:
        """Digits without a slash and without a name, in a message that says little else."""
        quiet = self.g.tokens.loose(0, len(self.g.text)) <= 6  # noqa: PLR2004
        pressure = shapes.split_joined(number.digits) if quiet else None
        if pressure is None:
            return False
        draft = self._draft(clue, Kind.BP, number)
        draft.systolic, draft.diastolic = pressure.systolic, pressure.diastolic
        draft.certainty = Certainty.JOINED
        return self._keep(draft)

    def _could_be(self, number: Number) -> bool:
        quiet = self.g.tokens.loose(0, len(self.g.text)) <= 10  # noqa: PLR2004
        glucose = number.decimals > 0 and all_shapes()["glucose"].fits(number.value)
        pressure = number.whole and shapes.SYSTOLIC.fits(number.value)
        return quiet and (glucose or pressure or len(number.digits) == 4)  # noqa: PLR2004

    # -- the kinds -------------------------------------------------------------------------------

    def _pressure(self, clue: Clue, number: Number) -> bool:
        label = self.g.label.name
        text = self.g.text[clue.token.start : number.end]
        pressure = shapes.split_joined(number.digits) if len(number.digits) > 3 else shapes.split_point(number, text)  # noqa: PLR2004
        if pressure is not None:
            draft = self._draft(clue, Kind.BP, number)
            draft.systolic, draft.diastolic = pressure.systolic, pressure.diastolic
            draft.certainty = pressure.certainty
            return self._keep(draft)
        low = label == "diastolic" or (label == "bp_low" and number.value <= 120)  # noqa: PLR2004
        shape = shapes.DIASTOLIC if low else shapes.SYSTOLIC
        if not number.whole or not shape.fits(number.value):
            return self._doubt(clue, Kind.BP, number)
        draft = self._draft(clue, Kind.BP, number)
        if low:
            draft.diastolic = number.value
        else:
            draft.systolic = number.value
        return self._keep(draft)

    def _value(
        self, clue: Clue, number: Number, kind: Kind, moment: GlucoseContext | None = None
    ) -> bool:
        shape = all_shapes()[kind.value]
        if not shape.fits(number.value):
            return self._doubt(clue, kind, number)
        draft = self._draft(clue, kind, number)
        draft.value = number.value
        if kind is Kind.GLUCOSE:
            draft.context = moment or self.g.take_context(clue.token)
        return self._keep(draft)

    def _doubt(self, clue: Clue, kind: Kind, number: Number) -> bool:
        """Said to be a reading, and cannot be one: ask, when the name stands right beside it."""
        if self._gap(clue) > 0 or not number.strong or number.spoken or number.value < 1:
            return True
        odd_year = number.value == 2000 or 1900 < number.value < 2100  # noqa: PLR2004
        if (kind is Kind.BP and number.value < 40) or odd_year:  # noqa: PLR2004
            self.g.unread += 1
            return True
        draft = self._draft(clue, kind, number)
        if kind is Kind.BP:
            draft.systolic = number.value
        else:
            draft.value = number.value
        draft.certainty = Certainty.IMPLAUSIBLE
        self.g.drafts.append(draft)
        return True

    def _draft(self, clue: Clue, kind: Kind, number: Number) -> Draft:
        draft = self.g.draft(kind, clue.token, clue.token)
        draft.approximate = number.approximate or clue.low is not None
        draft.low, draft.high = number.low, number.high
        if clue.low is not None:
            draft.low, draft.high = clue.low, number.value
        return draft

    def _keep(self, draft: Draft) -> bool:
        self.g.keep(draft)
        return True
