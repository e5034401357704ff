"""One number (or one range) and the single thing it measures."""

from __future__ import annotations

import re
from dataclasses import dataclass

from care.reading import GlucoseContext, Kind
from language import nameless, shapes
from language.draft import Draft
from language.lexicon import shapes as all_shapes
from language.numerals import Number
from language.state import PRESSURE_NAMES, State
from language.tokens import Token
from language.understanding import Certainty, Purpose

_NAMED = {
    "bp": Kind.BP, "bp_high": Kind.BP, "bp_low": Kind.BP, "systolic": Kind.BP, "diastolic": Kind.BP,
    "glucose": Kind.GLUCOSE, "hba1c": Kind.HBA1C, "pulse": Kind.PULSE, "weight": Kind.WEIGHT,
    "temp": Kind.TEMP,
}  # fmt: skip
# What a correction may expect beside pressure and glucose.
_PLAIN = (Kind.PULSE, Kind.HBA1C, Kind.TEMP, Kind.WEIGHT)
_CHANGE = re.compile(
    r"(?<!体)(?:瘦|减|轻|掉|胖|长|重|增|降|少|多)(?:了|掉|轻|重|加|低|少|下)+(?:快|近|有|大概|差不多|将近)?$"
)
_GOODS = re.compile(r"[买卖背扛挑收搬提拎种吃喝杀打猪鸡鱼羊牛粮米麦谷菜瓜果煤酒盐油面肉]")
_BODY = re.compile(
    r"体重|我[0-9]{3}|[1一]米[0-9五六七八]|身高|厘米|cm|岁|生病|只剩|减到|减肥|胖|瘦|男|女|称"
)
_WARM = re.compile(r"烧|体温|热|冷|烫")
_BATH = re.compile(
    r"热得|热死|天热|热天|高温|太阳|下雨|下雪|穿|外面|地里|水|气温|室温|泡|洗|空调|天气|近视|角|烫伤|拐"
)
_ENDS = re.compile(r"$|[\s,，.。!?;；、()（）\]】吧了呢的啊左上以后]")
_STEADY = re.compile(
    r"(?:稳|控制|维持|保持|稳定|波动|量|测|查|扎|验|打出来?)[了的出来着哒咗得在到一下]*(?:[一二两三四五几0-9]+[遍次回道])?(?:大概|差不多|大约|都|也|是|还|又|只有|才|有)*[\s:]?$"
)
# 我今天3.6, 我现在还8.3
_I_HAVE = re.compile(
    r"[我俺](?:的|今天|今早|现在|昨天|刚才|这次|都|还|也|才|只)*(?:今天|今早|现在|昨天|刚才|这次)(?:都|还|有|是|才|只|也|又)*$"
)
_TIMED = re.compile(r"\s*(?:钟|半|左右)?\s*(?:测|量|吃|起|的时候|去|来|开始|到|睡|打针|才)")
_MINE = re.compile(r"[?？。!！]\s*(?:我|俺|本人)(?:的)?是?$")
_RISEN = frozenset({"高了", "升了", "涨了", "降了", "低了", "掉了", "少了"})
_GAP = 8
_TINY = 2
_COMMAS = 6
_FAR = 99
_SHORT = 14
_BEFORE = 12
_QUIET = 10
_SILENT = 6
_CUT_SHORT = 4


@dataclass(frozen=True, slots=True)
class Clue:
    """A number to place; `low` is the lower end of a range."""

    token: Token
    low: float | None = None


class Single:
    """Decides what one number measures, from its unit, the name in force, or what was asked."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._wrong = any(t.kind == "mark" and t.name == "wrong" for t in state.tokens)

    def read(self, clue: Clue) -> bool:
        number = clue.token.figure
        if clue.token.unit is not None:
            return self._by_unit(clue, number, clue.token.unit)
        if number.clock and not self.state.expects(Kind.GLUCOSE) and self._a_time(clue):
            return True
        return (
            self._by_moment_after_pressure(clue, number)
            or self._by_name(clue, number)
            or self._by_context(clue, number)
            or self._by_name_behind(clue, number)
            or self._unnamed(clue, number)
        )

    def _a_time(self, clue: Clue) -> bool:
        """8点25 and 六点九 are times unless glucose or its moment stands right beside them."""
        if self._no_hour(clue):
            return False
        timed = _TIMED.match(self.state.text, clue.token.end) is not None
        return (timed or self._gap(clue) > _TINY) and self.state.context_behind(clue.token) is None

    def _no_hour(self, clue: Clue) -> bool:
        text, token = self.state.text, clue.token
        return nameless.result(text, token) or nameless.at_meal(text, token)

    # -- by unit ---------------------------------------------------------------------------------

    def _by_unit(self, clue: Clue, number: Number, unit: str) -> bool:
        name = self.state.label.name
        if unit == "glucose":
            free = name in {"", "glucose", "bp", "bp_high"}
            return not free or self._value(clue, number, Kind.GLUCOSE)
        if unit == "hba1c":
            return name != "hba1c" or self._value(clue, number, Kind.HBA1C)
        if unit == "pulse":
            return self._value(clue, number, Kind.PULSE)
        readers = {
            "mgdl": self._mgdl, "bp": self._pressure, "ifcc": self._ifcc,
            "jin": self._weight, "kg": self._weight, "temp": self._temp,
        }  # fmt: skip
        return unit not in readers or readers[unit](clue, number)

    def _mgdl(self, clue: Clue, number: Number) -> bool:
        if self.state.label.name not in {"", "glucose"}:
            return True
        if not all_shapes()["glucose_mgdl"].fits(number.value):
            return self._doubt(clue, Kind.GLUCOSE, number)
        draft = self._draft(clue, Kind.GLUCOSE, number)
        draft.value = shapes.mmol(number.value)
        draft.low = shapes.mmol(clue.low) if clue.low else None
        draft.high = draft.value if clue.low else None
        draft.original = f"{number.value:g} mg/dL"
        draft.context = self.state.take_context(clue.token)
        return self._keep(draft)

    def _ifcc(self, clue: Clue, number: Number) -> bool:
        if self.state.label.name == "hba1c" and all_shapes()["ifcc"].fits(number.value):
            draft = self._draft(clue, Kind.HBA1C, number)
            draft.value, draft.original = shapes.percent(number.value), f"{number.value:g} mmol/mol"
            return self._keep(draft)
        return True

    def _weight(self, clue: Clue, number: Number) -> bool:
        before = self.state.text[max(0, clue.token.start - 10) : clue.token.start]
        jin = clue.token.unit == "jin"
        kilograms = shapes.kilograms(number.value) if jin else number.value
        named = self.state.label.name == "weight" and self._gap(clue) <= _GAP
        named |= self.state.expects(Kind.WEIGHT)
        if _CHANGE.search(before) or not all_shapes()["weight"].fits(kilograms):
            return True
        about_body = _BODY.search(self.state.text) is not None or len(self.state.text) <= _SHORT
        if not named and (_GOODS.search(before) or not about_body):
            return True
        draft = self._draft(clue, Kind.WEIGHT, number)
        draft.value = kilograms
        if jin:
            draft.original = f"{number.value:g} 斤"
        return self._keep(draft)

    def _temp(self, clue: Clue, number: Number) -> bool:
        near = self.state.text[max(0, clue.token.start - 12) : clue.token.end + 4]
        named = self.state.label.name == "temp" and self._gap(clue) <= _GAP
        if _BATH.search(near) and not named:
            return True
        if not (named or number.decimals or _WARM.search(self.state.text)):
            return True
        return not all_shapes()["temp"].fits(number.value) or self._value(clue, number, Kind.TEMP)

    # -- by name ---------------------------------------------------------------------------------

    def _by_name(self, clue: Clue, number: Number) -> bool:
        kind = _NAMED.get(self.state.label.name)
        if kind is None or not self._in_reach(clue, number):
            return False
        moment = self.state.context is not None and self.state.context_at > self.state.label.end
        if kind is not Kind.GLUCOSE and moment and all_shapes()["glucose"].fits(number.value):
            return self._value(clue, number, Kind.GLUCOSE)
        if not number.strong and not self._sure(clue, number):
            return False
        if kind is Kind.BP:
            return self._pressure(clue, number)
        if kind is Kind.WEIGHT:
            return self._bare_weight(clue, number)
        return self._a_rise(clue, number, kind) or self._value(clue, number, kind)

    def _a_rise(self, clue: Clue, number: Number, kind: Kind) -> bool:
        """血糖高了2.5: a difference, not a level."""
        before = self.state.text[max(0, clue.token.start - _TINY) : clue.token.start]
        risen = kind is Kind.GLUCOSE and before in _RISEN
        return risen and all_shapes()["rise"].fits(number.value)

    def _in_reach(self, clue: Clue, number: Number) -> bool:
        label, start = self.state.label, clue.token.start
        gap = self._gap(clue)
        if label.stops:
            mine = _MINE.search(self.state.text[:start]) is not None
            decimal = label.name == "glucose" and number.decimals > 0
            return (decimal or mine) and gap <= _GAP and label.stops == 1
        if label.commas == 0:
            return gap <= _GAP
        since = max(self.state.text.rfind(",", 0, start) + 1, self._said_anew())
        return self.state.tokens.loose(since, start) <= _TINY and label.commas <= _COMMAS

    def _said_anew(self) -> int:
        """加药以后这几天空腹8.2: after a comma the moment, or the time now, takes the name up again."""
        moment = self.state.context_at if self.state.context_at > self.state.label.end else 0
        scope = self.state.scope
        time = scope.when_at if scope.when in {"now", "again", "habitual"} else 0
        return max(moment, time, scope.turned_at)

    def _gap(self, clue: Clue) -> int:
        if not self.state.label.name and self.state.context is None:
            return _FAR
        drafted = self.state.drafts[-1].end if self.state.drafts else 0
        begin = max(self.state.label.end, drafted, self.state.context_at)
        return self.state.tokens.loose(begin, clue.token.start)

    def _sure(self, clue: Clue, number: Number) -> bool:
        """A weak numeral (八, 七个八) counts only when it stands alone behind its name."""
        if self._gap(clue):
            return False
        return (
            number.decimals > 0
            or number.approximate
            or _ENDS.match(self.state.text, clue.token.end) is not None
        )

    def _bare_weight(self, clue: Clue, number: Number) -> bool:
        """Without a unit, more than a hundred may be either 斤 or a heavy person: ask."""
        if not all_shapes()["weight_bare"].fits(number.value):
            return self._doubt(clue, Kind.WEIGHT, number)
        return self._value(clue, number, Kind.WEIGHT)

    def _by_moment_after_pressure(self, clue: Clue, number: Number) -> bool:
        """142/90 7.0空腹: a decimal beside its moment is no pressure, though one was named."""
        if number.decimals != 1 or self.state.label.name not in PRESSURE_NAMES:
            return False
        self.state.label.commas += 1
        return self._by_context(clue, number)

    def _by_context(self, clue: Clue, number: Number) -> bool:
        """A moment of the day names glucose, before or behind the number."""
        behind = self.state.context_behind(clue.token)
        label = self.state.label
        free = label.commas > 0 or label.name in {"", "glucose"}
        if behind is None or not free or not all_shapes()["glucose"].fits(number.value):
            return False
        return self._value(clue, number, Kind.GLUCOSE, behind)

    def _by_name_behind(self, clue: Clue, number: Number) -> bool:
        """7.8的血糖: the name stands behind, and no other number follows it."""
        index = next((i for i, t in enumerate(self.state.tokens) if t.start >= clue.token.end), -1)
        if index < 0 or self.state.label.name in _NAMED:
            return False
        name, *rest = self.state.tokens[index : index + 2]
        near = name.kind == "measure" and name.start - clue.token.end <= _TINY
        taken = bool(rest) and rest[0].kind in {"num", "context"}
        if not near or taken or name.name != "glucose" or not number.strong:
            return False
        return self._value(clue, number, Kind.GLUCOSE)

    # -- without any name ------------------------------------------------------------------------

    def _unnamed(self, clue: Clue, number: Number) -> bool:
        scope = self.state.scope
        if self._asked(clue, number) or self._beating(clue, number):
            return True
        if self._steady(clue, number) or (
            number.digits and not number.spoken and self._joined(clue, number)
        ):
            return True
        said = scope.purpose is Purpose.MEASURED and scope.when != "past"
        if said and number.strong and not number.clock and self._could_be(number):
            self.state.unread += 1
        return True

    def _steady(self, clue: Clue, number: Number) -> bool:
        """稳在130几, 量了一下152, 刚测了7.9: a verb of measuring and a value that can be one thing only."""
        label = self.state.label
        before = self.state.text[max(0, clue.token.start - _BEFORE) : clue.token.start]
        measured = _STEADY.search(before) or _I_HAVE.search(before)
        told = (
            measured
            or nameless.contrasted(self.state.text, clue.token)
            or self._put_right(clue)
            or nameless.bare(self.state.text, clue.token)
            or nameless.fed(self.state.text, clue.token)
            or nameless.at_meal(self.state.text, clue.token)
        )
        if (label.name and not label.commas and not label.stops) or not told:
            return False
        if number.whole and not number.clock and shapes.lone_systolic(number.value):
            draft = self._draft(clue, Kind.BP, number)
            draft.systolic = number.value
            return self._keep(draft)
        pointed = number.decimals > 0 and not number.clock
        decimal = pointed or (number.clock and self._no_hour(clue))
        if decimal and all_shapes()["glucose"].fits(number.value):
            return self._value(clue, number, Kind.GLUCOSE)
        return False

    def _beating(self, clue: Clue, number: Number) -> bool:
        fits = number.whole and all_shapes()["pulse_behind"].fits(number.value)
        return (
            fits
            and nameless.beats(self.state.text, clue.token)
            and self._value(clue, number, Kind.PULSE)
        )

    def _put_right(self, clue: Clue) -> bool:
        """打错了是148不是184."""
        return self._wrong and self.state.text.endswith("是", 0, clue.token.start)

    def _asked(self, clue: Clue, number: Number) -> bool:
        expecting = self.state.expecting
        if expecting is None or (self.state.label.name and not self.state.label.stops):
            return False
        if Kind.GLUCOSE in expecting.kinds and all_shapes()["glucose"].fits(number.value):
            return self._value(clue, number, Kind.GLUCOSE, expecting.context)
        if Kind.BP in expecting.kinds and shapes.lone_systolic(number.value):
            return self._pressure(clue, number)
        fitting = (kind for kind in _PLAIN if kind in expecting.kinds)
        kind = next((k for k in fitting if all_shapes()[k.value].fits(number.value)), None)
        return kind is not None and self._value(clue, number, kind)

    def _joined(self, clue: Clue, number: Number) -> bool:
        """Digits without a slash and without a name, in a message that says little else."""
        quiet = self.state.silence <= _SILENT
        pressure = shapes.split_joined(number.digits) if quiet else None
        if pressure is None:
            return False
        draft = self._draft(clue, Kind.BP, number)
        draft.systolic, draft.diastolic = pressure.systolic, pressure.diastolic
        draft.certainty = Certainty.JOINED
        return self._keep(draft)

    def _could_be(self, number: Number) -> bool:
        quiet = self.state.silence <= _QUIET
        glucose = number.decimals > 0 and all_shapes()["glucose"].fits(number.value)
        pressure = number.whole and shapes.SYSTOLIC.fits(number.value)
        return quiet and (glucose or pressure or len(number.digits) == _CUT_SHORT)

    # -- the kinds -------------------------------------------------------------------------------

    def _pressure(self, clue: Clue, number: Number) -> bool:
        label = self.state.label.name
        pressure = self._both(clue, number)
        if pressure is not None:
            draft = self._draft(clue, Kind.BP, number)
            draft.systolic, draft.diastolic = pressure.systolic, pressure.diastolic
            draft.certainty = pressure.certainty
            return self._keep(draft)
        low = label in {"diastolic", "bp_low"}
        shape = shapes.DIASTOLIC if low else shapes.SYSTOLIC
        if not number.whole or not shape.fits(number.value):
            return self._doubt(clue, Kind.BP, number)
        draft = self._draft(clue, Kind.BP, number)
        if low:
            draft.diastolic = number.value
        else:
            draft.systolic = number.value
        return self._keep(draft)

    def _both(self, clue: Clue, number: Number) -> shapes.Pressure | None:
        """Both pressures in one run of signs: 15694, 140.90."""
        if number.digits:
            return shapes.split_joined(number.digits)
        return shapes.split_point(number, self.state.text[clue.token.start : number.end])

    def _value(
        self, clue: Clue, number: Number, kind: Kind, moment: GlucoseContext | None = None
    ) -> bool:
        shape = all_shapes()[kind.value]
        if not shape.fits(number.value):
            return self._doubt(clue, kind, number)
        draft = self._draft(clue, kind, number)
        draft.value = number.value
        if kind is Kind.GLUCOSE:
            draft.context = moment or self.state.take_context(clue.token)
        return self._keep(draft)

    def _doubt(self, clue: Clue, kind: Kind, number: Number) -> bool:
        """Said to be a reading, and cannot be one: ask, when the name stands right beside it."""
        if self._gap(clue) > 0 or not number.strong or number.spoken or number.value < 1:
            return True
        small = kind is Kind.BP and number.value < shapes.SYSTOLIC.possible[0]
        if small or all_shapes()["year"].fits(number.value):
            self.state.unread += 1
            return True
        draft = self._draft(clue, kind, number)
        if kind is Kind.BP:
            draft.systolic = number.value
        else:
            draft.value = number.value
        draft.certainty = Certainty.IMPLAUSIBLE
        self.state.drafts.append(draft)
        return True

    def _draft(self, clue: Clue, kind: Kind, number: Number) -> Draft:
        draft = self.state.draft(kind, clue.token, clue.token)
        draft.approximate = number.approximate or clue.low is not None
        draft.low, draft.high = number.low, number.high
        if clue.low is not None:
            draft.low, draft.high = clue.low, number.value
        return draft

    def _keep(self, draft: Draft) -> bool:
        self.state.keep(draft)
        return True
