"""What is known while a text is read: the name in force, the moment, the scope, the drafts so far."""

from __future__ import annotations

import re
from dataclasses import dataclass

from care.reading import GlucoseContext, Kind
from language import nameless
from language.draft import Draft
from language.expecting import Expecting
from language.scope import Scope
from language.tokens import Token, Tokens
from language.understanding import Purpose

PRESSURE_NAMES = frozenset({"bp", "bp_high", "bp_low", "systolic", "diastolic"})
CLINICAL_NAMES = PRESSURE_NAMES | {"glucose", "hba1c", "pulse", "weight", "temp"}
_SORT = re.compile(
    r"\s*(?:mmhg|mmol/l)?(?:左右|以上|多)?的(?:人|病人|患者|老人|情况下|话|糖尿病人|高血压)"
)
_BELOW = re.compile(
    r"\s*(?:mmhg|mmol/l|毫米汞柱)?\s*"
    r"(?:以下|以内|之内|之下|为宜|为好|为目标|为标准|是标准|即可|才行|才好)"
)
# The highest ever is history as soon as a value of today stands beside it.
_HIGHEST = re.compile(r"最高(?:的时候|时|值|血压)?(?:是|为|到|达|曾)?\s*$")
_NOT_MEASURED = re.compile(r"(?:的|血糖|还|也|都)*(?:没|未|不)(?:有)?(?:测|量|查|知|清)")
_DAY_PART = re.compile(r"[早晨晚今刚]|中午|下午|上午")
_DAY_PARTS = frozenset({"早上", "早晨", "中午", "晚上", "上午", "下午", "傍晚"})
_DAY_REACH = 8
_NEXT_TO = 2
_MOMENT_REACH = 6
_HALF_REACH = 16


@dataclass(slots=True)
class Label:
    """The name in force: what it names, where it ended, and which breaks came since."""

    name: str = ""
    end: int = 0
    commas: int = 0
    stops: int = 0
    lasting: bool = False

    def sticky(self, start: int) -> bool:
        """胰岛素 空腹12.5, 餐后86: a laboratory name that moments of the day follow keeps them all."""
        self.lasting |= start - self.end <= _NEXT_TO
        return self.lasting


class State:
    """The reader's memory while it walks over one text. `drafts` and `unread` are the result."""

    def __init__(self, tokens: Tokens, expecting: Expecting | None) -> None:
        self.tokens, self.text, self.expecting = tokens, tokens.text, expecting
        self.scope = Scope(tokens)
        self.label = Label()
        self.context: GlucoseContext | None = None
        self.context_at = -1
        self.context_used = False
        self.moments: list[GlucoseContext] = []
        self.drafts: list[Draft] = []
        self.unread = 0
        self.silence = tokens.loose(0, len(tokens.text))

    def expects(self, kind: Kind) -> bool:
        return self.expecting is not None and kind in self.expecting.kinds

    def draft(self, kind: Kind, first: Token, last: Token) -> Draft:
        scope = self.scope
        # 从昨天的22降到今天的14: what was left yesterday is a value of these days all the same.
        left = scope.leaving and scope.when != "now"
        purpose, when = scope.purpose, "past" if left else scope.when
        if when in {"", "habitual"} and _HIGHEST.search(self.text, 0, first.start):
            when = "highest"
        if _SORT.match(self.text, last.end):
            purpose = Purpose.HYPOTHETICAL
        if _BELOW.match(self.text, last.end) and scope.when != "now":
            purpose = Purpose.TARGET
        return Draft(
            kind, first.start, last.end,
            subject=scope.subject, relation=scope.relation,
            when=when, today=self._today(first), purpose=purpose, limited=scope.limited,
            own=scope.own,
        )  # fmt: skip

    def _today(self, first: Token) -> bool:
        """A part of the day said right before a value makes it one of today."""
        return (
            _DAY_PART.search(self.text, max(0, first.start - _DAY_REACH), first.start) is not None
        )

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
        clock = clock and not nameless.at_meal(self.text, number)
        for offset, token in enumerate(self.tokens[place : place + 4]):
            if clock and not self.label.name and token.name in {",", "，", "。"}:
                return None
            if token.kind == "context" and token.start - number.end <= _MOMENT_REACH:
                following = self.tokens[place + offset + 1 : place + offset + 4]
                claimed = next(
                    (t for t in following if t.kind not in {"brk", "measure", "skip"}), None
                )
                taken = claimed is not None and claimed.kind == "num"
                if taken and token.start == number.end and self.each_behind(following):
                    taken = False
                taken = taken or _NOT_MEASURED.match(self.text, token.end) is not None
                return None if taken else GlucoseContext(token.name)
            if token.kind not in {"brk", "mark", "time"} and not self._part_of_day(token):
                return None
        return None

    @staticmethod
    def each_behind(following: list[Token]) -> bool:
        """11.7空腹,15.8饭后: every moment stands behind its number."""
        return [t.kind for t in following] == ["brk", "num", "context"]

    def _part_of_day(self, token: Token) -> bool:
        return token.kind == "noise" and self.text[token.start : token.end] in _DAY_PARTS

    def keep(self, draft: Draft) -> None:
        """Add a draft; the missing half of a pressure joins its other half."""
        previous = self.drafts[-1] if self.drafts else None
        if previous is not None and self._said_twice(previous, draft):
            return
        if draft.half and previous is not None and previous.half and self._fits(previous, draft):
            previous.systolic = previous.systolic or draft.systolic
            previous.diastolic = previous.diastolic or draft.diastolic
            previous.approximate |= draft.approximate
            previous.end = draft.end
            if draft.low is not None and previous.low is None and draft.systolic is not None:
                previous.low, previous.high = draft.low, draft.high
            return
        self.drafts.append(draft)

    @staticmethod
    def _said_twice(previous: Draft, draft: Draft) -> bool:
        """心率101脉搏101: one pulse under two names."""
        pulses = previous.kind is draft.kind is Kind.PULSE and previous.value == draft.value
        return pulses and draft.start - previous.end <= _MOMENT_REACH

    def _fits(self, previous: Draft, draft: Draft) -> bool:
        same = previous.subject is draft.subject and previous.purpose is draft.purpose
        other_half = (previous.systolic is None) != (draft.systolic is None)
        near = draft.start - previous.end <= _HALF_REACH
        when = previous.when == draft.when or "" in {previous.when, draft.when}
        high, low = previous.systolic or draft.systolic, previous.diastolic or draft.diastolic
        if high is None or low is None or high <= low:
            return False
        return same and other_half and near and when
