"""From tokens to measurements: what each number measures.

One walk from left to right. A name stays in force until another name; numbers are taken in groups
(pair, range, joined digits, single). What cannot be placed is counted, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from care.reading import GlucoseContext, Kind
from language import shapes
from language.draft import Draft
from language.expecting import Expecting
from language.lexicon import shapes as all_shapes
from language.numerals import Number
from language.scope import Scope
from language.singles import Clue, Single
from language.tokens import Token, Tokens
from language.understanding import Certainty, Purpose

_SMALL_GAP = re.compile(r"[ :=]*(?:血?压)?(?:就|都|才|只|也)?(?:是|为|有|到|达|在)?[ :=]*")
_BP = {"bp", "bp_high", "bp_low", "systolic", "diastolic"}
_CLINICAL = _BP | {"glucose", "hba1c", "pulse", "weight", "temp"}
_REFERENCE = re.compile(r"[(\[]\s*(?:参考|正常)?[^()\[\]]{0,8}$")
_PRINTED = re.compile(r"\s*[↑↓*hl(\[]+\s*(?:参考|正常)?(?:值|范围)?\s*:?\s*")
_BELOW = re.compile(r"\s*(?:mmhg|mmol/l|毫米汞柱)?\s*(?:以下|以内|之内|之下|为宜|为好|为目标|为标准|是标准|即可|才行|才好)")
_SORT = re.compile(r"\s*(?:mmhg|mmol/l)?(?:左右|以上|多)?的(?:人|病人|患者|老人|情况下|话|糖尿病人|高血压)")
_HOURS = {"小时", "个小时", "钟头", "个钟头", "h", "个钟"}
_LETTER = re.compile(r"[a-z]$")


@dataclass(slots=True)
class Label:
    """The name in force: what it names, where it ended, and whether a full stop came since."""

    name: str = ""
    end: int = 0
    commas: int = 0
    stops: int = 0
    lasting: bool = False

    def sticky(self, start: int) -> bool:
        """胰岛素 空腹12.5, 餐后86: a laboratory name that moments of the day follow keeps them all."""
        self.lasting |= start - self.end <= 2  # noqa: PLR2004
        return self.lasting


class Grammar:
    """Reads one text once. `drafts` and `unread` are the result."""

    def __init__(self, tokens: Tokens, expecting: Expecting | None) -> None:
        self.tokens, self.text, self.expecting = tokens, tokens.text, expecting
        self.scope = Scope(tokens)
        self.label = Label()
        self.context: GlucoseContext | None = None
        self.context_at = -1
        self.context_used = False
        self.drafts: list[Draft] = []
        self.unread = 0
        self.single = Single(self)

    def read(self) -> None:
        index = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            if token.kind == "num":
                index += self._numbers(index)
                continue
            self.scope.hear(index)
            self._hear(index, token)
            index += 1

    # -- names -----------------------------------------------------------------------------------

    def _hear(self, index: int, token: Token) -> None:
        match token.kind:
            case "measure":
                self._measure(index, token)
            case "context":
                self._context(token)
            case "skip" if token.name in _HOURS and self.label.name == "glucose":
                self._hours(token)
            case "brk" if token.name in {",", "，"}:
                self.label.commas += 1
                if self.label.name == "private":
                    self.label = Label()
            case "stop":
                self.label.stops += 1
                if self.label.name in {"private", "other"}:
                    self.label = Label()
            case _:
                pass

    def _measure(self, index: int, token: Token) -> None:
        name = token.name
        if name.startswith("near_"):
            near = self._number_next(index)
            if near is None:
                return
            if name == "near_glucose":
                if not all_shapes()["glucose"].fits(near.value):
                    return
                name = "glucose"
            elif self.label.name in {"", *_BP} and near.value >= shapes.DIASTOLIC.likely[0]:
                name = "systolic" if name == "near_high" else "diastolic"
            else:
                return
        self.label = Label(name, token.end)
        fresh = not self.context_used and 0 <= token.start - self.context_at <= 10  # noqa: PLR2004
        if not (name == "glucose" and fresh):
            self.context, self.context_at = None, -1

    def _number_next(self, index: int) -> Number | None:
        token = self.tokens[index]
        for following in self.tokens[index + 1 : index + 3]:
            if following.kind == "num":
                gap = self.text[token.end : following.start]
                return following.number if _SMALL_GAP.fullmatch(gap) else None
            if following.kind != "brk":
                return None
        return None

    def _context(self, token: Token) -> None:
        self.context = GlucoseContext(token.name)
        self.context_at, self.context_used = token.end, False
        if self.label.name == "other" and self.label.sticky(token.start):
            self.label.end = token.end
            return
        if self.label.name not in _CLINICAL or self.label.stops or self.label.commas > 1:
            self.label = Label("glucose", token.end)

    def _hours(self, token: Token) -> None:
        if not self.text.startswith(("前", "以前"), token.end):
            self.context = GlucoseContext.POSTPRANDIAL
            self.context_at, self.context_used = token.end, False

    # -- numbers ---------------------------------------------------------------------------------

    def _numbers(self, index: int) -> int:
        """Read the number group at `index`; return how many tokens it took."""
        group = self._group(index)
        numbers = [token for token in group if token.kind == "num"]
        if self._walled(group[0]):
            self._forget_wall()
            return len(group)
        position = 0
        while position < len(numbers):
            position += self._take(numbers, position, index)
        self.scope.took_number()
        return len(group)

    def _group(self, index: int) -> list[Token]:
        """Numbers that only separators part."""
        group, last = [self.tokens[index]], self.tokens[index]
        held: list[Token] = []
        for token in self.tokens[index + 1 :]:
            if token.kind == "brk" or (token.kind == "stop" and token.name == "。"):
                held.append(token)
                continue
            if token.kind != "num" or not shapes.is_separator(self.text[last.end : token.start]):
                break
            group += [*held, token]
            held, last = [], token
        return group

    def _walled(self, first: Token) -> bool:
        """A number that belongs to something else: a lab value, a phone, a reference range."""
        before = self.text[max(0, first.start - 14) : first.start]
        if _LETTER.search(before) and not self._known_label(first):
            return True
        if self.label.name in {"other", "private"}:
            return self.tokens.loose(self.label.end, first.start) <= 8  # noqa: PLR2004
        if not self.drafts or not re.match(r"\s*(?:-|~|－)", self.text[first.end : first.end + 3]):
            return False
        since = self.text[self.drafts[-1].end : first.start]
        return _REFERENCE.search(before) is not None or _PRINTED.fullmatch(since) is not None

    def _known_label(self, first: Token) -> bool:
        return self.label.end == first.start and self.label.name in _CLINICAL

    def _forget_wall(self) -> None:
        if self.label.name == "private" or (self.label.name == "other" and not self.label.lasting):
            self.label = Label()

    def _take(self, numbers: list[Token], at: int, index: int) -> int:
        first = numbers[at]
        second = numbers[at + 1] if at + 1 < len(numbers) else None
        if second is not None and first.number and second.number:
            between = self.text[first.end : second.start]
            taken = self._double_range(numbers, at) or self._two(numbers, at, between, index)
            if taken:
                return taken
        last = at + 1 == len(numbers)
        self.single.read(Clue(first, index if last else -1))
        return 1

    def _double_range(self, numbers: list[Token], at: int) -> int:
        """145-155/85-95."""
        if len(numbers) < at + 4 or not self._bp_allowed(numbers[at]):
            return 0
        a, b, c, d = numbers[at : at + 4]
        assert a.number and b.number and c.number and d.number  # noqa: S101 - num tokens carry one
        spans = [self.text[x.end : y.start] for x, y in ((a, b), (b, c), (c, d))]
        if not (shapes.is_range(a.number, b.number, spans[0]) and shapes.is_dash(spans[2])):
            return 0
        if c.number.value >= d.number.value or shapes.is_dash(spans[1]):
            return 0
        pressure = shapes.as_pressure(b.number, d.number, "/")
        if pressure is None:
            return 0
        draft = self.draft(Kind.BP, a, d)
        draft.systolic, draft.diastolic = pressure.systolic, pressure.diastolic
        draft.low, draft.high, draft.approximate = a.number.value, b.number.value, True
        self.keep(draft)
        return 4

    def _two(self, numbers: list[Token], at: int, between: str, index: int) -> int:
        first, second = numbers[at], numbers[at + 1]
        assert first.number and second.number  # noqa: S101
        kpa = "kpa" in {first.unit, second.unit}
        if kpa and self._kpa(first, second):
            return 2
        if self._bp_allowed(first) and {first.unit, second.unit} <= {None, "bp"}:
            pressure = self._pressure(first, second, between)
            if pressure is not None:
                self._keep_pressure(pressure, first, second)
                return 2 + self._pulse_behind(numbers, at)
            if self._garbled(first, second, between):
                return 2
        if self._comma_point(first, second, between, len(numbers) - at):
            return 2
        if self._one_range(first, second, between):
            return 2
        return 0

    def _bp_allowed(self, first: Token) -> bool:
        """A pair may be a pressure when pressure is in force, or nothing else claims it."""
        if self.label.name in _BP or not self.label.name:
            return True
        far = self.tokens.loose(self.label.end, first.start) > 0 or self.label.commas > 0
        return far or self.label.stops > 0 or self.label.name == "glucose"

    def _pressure(self, first: Token, second: Token, between: str) -> shapes.Pressure | None:
        assert first.number and second.number  # noqa: S101
        if self.label.name in {"systolic", "diastolic"} and shapes.is_dash(between):
            rising = first.number.value < second.number.value
            if rising and second.number.value - first.number.value <= 30:  # noqa: PLR2004
                return None
        pressure = shapes.as_pressure(first.number, second.number, between)
        if pressure is None or self.label.name in _BP or "/" in between:
            return pressure
        quiet = self.tokens.loose(0, len(self.text)) <= 14 or "压" in self.text  # noqa: PLR2004
        expected = self.expecting is not None and Kind.BP in self.expecting.kinds
        return pressure if quiet or expected else None

    def _keep_pressure(self, pressure: shapes.Pressure, first: Token, second: Token) -> None:
        assert first.number and second.number  # noqa: S101
        draft = self.draft(Kind.BP, first, second)
        draft.systolic, draft.diastolic = pressure.systolic, pressure.diastolic
        draft.certainty = pressure.certainty
        draft.approximate |= first.number.approximate or second.number.approximate
        self.keep(draft)
        if self.label.name in {"systolic", "diastolic"} or not self.label.name:
            self.label = Label("bp", second.end)

    def _pulse_behind(self, numbers: list[Token], at: int) -> int:
        """148 92 76: the third number of a home meter is the pulse."""
        rest = numbers[at + 2 :]
        if len(rest) != 1 or rest[0].unit not in {None, "pulse"}:
            return 0
        third, number = rest[0], rest[0].number
        between = self.text[numbers[at + 1].end : third.start]
        if number is None or not number.whole or number.approximate or shapes.is_dash(between):
            return 0
        if not (40 <= number.value <= 160) or ("," in between and "/" in self.text[numbers[at].end : numbers[at + 1].start]):  # noqa: PLR2004
            return 0
        draft = self.draft(Kind.PULSE, third, third)
        draft.value = number.value
        self.keep(draft)
        return 1

    def _garbled(self, first: Token, second: Token, between: str) -> bool:
        """1500/80: said to be a pressure, and cannot be one."""
        assert first.number and second.number  # noqa: S101
        if "/" not in between or self.label.name not in _BP or not first.number.whole:
            return False
        if max(first.number.value, second.number.value) < 100:  # noqa: PLR2004
            return False
        draft = self.draft(Kind.BP, first, second)
        draft.systolic, draft.diastolic = first.number.value, second.number.value
        draft.certainty = Certainty.IMPLAUSIBLE
        self.keep(draft)
        return True

    def _kpa(self, first: Token, second: Token) -> bool:
        assert first.number and second.number  # noqa: S101
        if not all(all_shapes()["kpa"].fits(n.value) for n in (first.number, second.number)):
            return False
        values = sorted((shapes.mmhg(first.number.value), shapes.mmhg(second.number.value)))
        draft = self.draft(Kind.BP, first, second)
        draft.diastolic, draft.systolic = values
        draft.original = self.text[first.start : second.end]
        self.keep(draft)
        return True

    def _comma_point(self, first: Token, second: Token, between: str, left: int) -> bool:
        """9，3 and 8、15: a comma typed for the point of a glucose value."""
        assert first.number and second.number  # noqa: S101
        a, b = first.number, second.number
        comma = between.strip() in {",", "、", "。", "'"} and " " not in between
        plain = a.digits and b.digits and len(b.digits) <= 2 and second.unit in {None, "glucose"}  # noqa: PLR2004
        if not (comma and plain and self._glucose_named(first) and left == 2):  # noqa: PLR2004
            return False
        value = float(f"{a.digits}.{b.digits}")
        if not all_shapes()["glucose"].fits(value) or b.value > 12 and len(b.digits) == 2 and a.value > 12:  # noqa: PLR2004
            return False
        draft = self.draft(Kind.GLUCOSE, first, second)
        draft.value, draft.context = value, self.take_context(second)
        self.keep(draft)
        return True

    def _glucose_named(self, first: Token) -> bool:
        expected = self.expecting is not None and Kind.GLUCOSE in self.expecting.kinds
        return self.label.name == "glucose" or (expected and not self.label.name)

    def _one_range(self, first: Token, second: Token, between: str) -> bool:
        assert first.number and second.number  # noqa: S101
        if not shapes.is_range(first.number, second.number, between):
            return False
        merged = Token("num", "", first.start, second.end, second.number, second.unit or first.unit)
        return self.single.read(Clue(merged, -1, first.number.value))

    # -- what a draft takes from its surroundings ------------------------------------------------

    def draft(self, kind: Kind, first: Token, last: Token) -> Draft:
        scope = self.scope
        purpose, when = scope.purpose, "past" if scope.leaving else scope.when
        if _SORT.match(self.text, last.end):
            purpose = Purpose.HYPOTHETICAL
        if _BELOW.match(self.text, last.end) and scope.when != "now":
            purpose = Purpose.TARGET
        return Draft(
            kind, first.start, last.end,
            subject=scope.subject, relation=scope.relation,
            when=when, purpose=purpose, limited=scope.limited,
        )  # fmt: skip

    def take_context(self, number: Token) -> GlucoseContext | None:
        """The moment said before the number, or else the one said right behind it."""
        if self.context is not None:
            self.context_used = True
            return self.context
        return self.context_behind(number)

    def context_behind(self, number: Token) -> GlucoseContext | None:
        """7.8(空腹): only when the moment does not belong to the next number."""
        place = next((i for i, t in enumerate(self.tokens) if t.start >= number.end), None)
        if place is None:
            return None
        clock = number.number is not None and number.number.clock
        for offset, token in enumerate(self.tokens[place : place + 3]):
            if clock and not self.label.name and token.name in {",", "，", "。"}:
                return None
            if token.kind == "context" and token.start - number.end <= 6:  # noqa: PLR2004
                following = self.tokens[place + offset + 1 : place + offset + 4]
                claimed = next((t for t in following if t.kind not in {"brk", "measure", "skip"}), None)
                taken = claimed is not None and claimed.kind == "num"
                return None if taken else GlucoseContext(token.name)
            if token.kind not in {"brk", "mark"}:
                return None
        return None

    def keep(self, draft: Draft) -> None:
        """Add a draft; the missing half of a pressure joins its other half."""
        previous = self.drafts[-1] if self.drafts else None
        if draft.half and previous is not None and previous.half and self._fits(previous, draft):
            previous.systolic = previous.systolic or draft.systolic
            previous.diastolic = previous.diastolic or draft.diastolic
            previous.approximate |= draft.approximate
            previous.end = draft.end
            if draft.low is not None and previous.low is None and draft.systolic is not None:
                previous.low, previous.high = draft.low, draft.high
            return
        self.drafts.append(draft)

    def _fits(self, previous: Draft, draft: Draft) -> bool:
        same = previous.subject is draft.subject and previous.purpose is draft.purpose
        other_half = (previous.systolic is None) != (draft.systolic is None)
        near = draft.start - previous.end <= 16  # noqa: PLR2004
        when = previous.when == draft.when or "" in {previous.when, draft.when}
        high, low = previous.systolic or draft.systolic, previous.diastolic or draft.diastolic
        return same and other_half and near and when and high is not None and low is not None and high > low
