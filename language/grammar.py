"""From tokens to measurements: what each number measures.

One walk from left to right. A name stays in force until another name; numbers are taken in groups
(pair, range, joined digits, single). What cannot be placed is counted, never guessed.
"""

from __future__ import annotations

import re

from care.reading import GlucoseContext, Kind
from language import shapes
from language.expecting import Expecting
from language.lexicon import shapes as all_shapes
from language.numerals import Number
from language.pairs import Pairs
from language.singles import Clue, Single
from language.state import CLINICAL_NAMES, PRESSURE_NAMES, Label, State
from language.tokens import Token, Tokens

_SMALL_GAP = re.compile(r"[ :=]*(?:血?压)?(?:就|都|才|只|也)?(?:是|为|有|到|达|在)?[ :=]*")
_REFERENCE = re.compile(r"[(\[]\s*(?:参考|正常)?[^()\[\]]{0,8}$")
_PRINTED = re.compile(
    r"\s*(?:[↑↓*hl(\[]|偏高|偏低|升高|降低)+\s*(?:参考|正常)?(?:值|范围)?\s*:?\s*"
)
_DASH_NEXT = re.compile(r"\s*(?:-|~)")
_HOURS = frozenset({"小时", "个小时", "钟头", "个钟头", "h", "个钟"})
_LETTER = re.compile(r"[a-z]$")
_LATER = re.compile(r"中午|下午|傍晚|晚上|今晚|昨晚")
# 亩产二百来斤,低的一百一: high and low of a harvest or a price.
_TRADE = re.compile(
    r"亩产|收成|一亩|谷子|苞谷|价钱|价格|一斤|块钱|身高|个子|水位|电压|成绩|考试|分数"
)
# Words that name a measurement by the shape of their number, the pulse only behind a pressure.
_SHAPED = {
    "near_glucose": ("glucose", "glucose", None),
    "near_pulse": ("pulse", "pulse_behind", Kind.BP),
}
_HEADING = re.compile(r"[\s/、,:(高低压和]{0,6}")
_FRESH = 10
_REACH = 8
_BEFORE = 14
_QUIET = 6
_TWO = 2
_THREE = 3


class Grammar:
    """Reads one text once; the result stands in `state`."""

    def __init__(self, tokens: Tokens, expecting: Expecting | None) -> None:
        self.tokens, self.text = tokens, tokens.text
        self.state = State(tokens, expecting)
        self.single = Single(self.state)
        self.pairs = Pairs(self.state, self.single)

    def read(self) -> State:
        index = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            if token.kind == "num":
                index += self._numbers(index)
                continue
            self.state.scope.hear(index)
            self._hear(index, token)
            index += 1
        return self.state

    # -- names -----------------------------------------------------------------------------------

    def _hear(self, index: int, token: Token) -> None:
        match token.kind:
            case "measure":
                self._measure(index, token)
            case "context":
                self._context(index, token)
            case "noise" | "time":
                self._later_today(token)
                self._hurried(index, token)
            case "skip" | "mark" if self._of_tolerance(index, token):
                self._hours(token)
            case "brk" | "stop":
                self._parted(token)
            case _:
                pass

    def _parted(self, token: Token) -> None:
        """A comma ends private names, a full stop those of the laboratory too."""
        label = self.state.label
        if token.kind == "stop":
            label.stops += 1
            if label.name in {"private", "other"}:
                self.state.label = Label()
        elif token.name in {",", "，"}:
            label.commas += 1
            if label.name == "private":
                self.state.label = Label()

    def _measure(self, index: int, token: Token) -> None:
        name = self._near(index, token.name) if token.name.startswith("near_") else token.name
        if name is None:
            return
        if name == "pulse" and self._headed(index, token):
            name = "bp"
        self.state.label = Label(name, token.end)
        fresh = not self.state.context_used and 0 <= token.start - self.state.context_at <= _FRESH
        if not (name == "glucose" and fresh):
            self.state.context, self.state.context_at = None, -1

    def _headed(self, index: int, token: Token) -> bool:
        """高压低压心率: 142 88 75: three names, then three numbers."""
        label = self.state.label
        between = self.text[label.end : token.start]
        if label.name not in PRESSURE_NAMES or not _HEADING.fullmatch(between):
            return False
        ahead = enumerate(self.tokens[index + 1 : index + 4], start=index + 1)
        place = next((i for i, t in ahead if t.kind == "num"), None)
        group = self._group(place) if place is not None else []
        return sum(t.kind == "num" for t in group) >= _THREE

    def _near(self, index: int, name: str) -> str | None:
        """高150 and 糖8.6: words that name a measurement only when its number follows at once."""
        number = self._number_next(index)
        if number is None:
            return None
        if name in _SHAPED:
            kind, shape, wanted = _SHAPED[name]
            beside = wanted is None or any(d.kind is wanted for d in self.state.drafts)
            return kind if beside and all_shapes()[shape].fits(number.value) else None
        label, start = self.state.label, self.tokens[index].start
        free = label.name in {"", *PRESSURE_NAMES}
        if label.name in {"systolic", "diastolic"} and label.end == start:  # 低压高100
            return None
        if not free or number.value < shapes.DIASTOLIC.likely[0]:
            return None
        if not label.name and _TRADE.search(self.text):
            return None
        return "systolic" if name == "near_high" else "diastolic"

    def _number_next(self, index: int) -> Number | None:
        token = self.tokens[index]
        for following in self.tokens[index + 1 : index + 3]:
            if following.kind == "num":
                gap = self.text[token.end : following.start]
                return following.number if _SMALL_GAP.fullmatch(gap) else None
            if following.kind != "brk":
                return None
        return None

    def _context(self, index: int, token: Token) -> None:
        said = self.tokens[index - 1] if index else token
        if said.kind == "num" and self.state.each_behind(self.tokens[index + 1 : index + 4]):
            return
        self._queue(token)
        self.state.context = GlucoseContext(token.name)
        self.state.context_at, self.state.context_used = token.end, False
        if self.state.label.name == "other" and self.state.label.sticky(token.start):
            self.state.label.end = token.end
            return
        if (
            self.state.label.name not in CLINICAL_NAMES
            or self.state.label.stops
            or self.state.label.commas > 1
        ):
            self.state.label = Label("glucose", token.end)

    def _queue(self, token: Token) -> None:
        """空腹和饭后分别是6.8和9.9: moments named one after the other wait for their numbers."""
        waiting = not self.state.context_used and 0 <= token.start - self.state.context_at <= _TWO
        if not waiting:
            self.state.moments = []
        self.state.moments.append(GlucoseContext(token.name))

    def _hurried(self, index: int, token: Token) -> None:
        """心跳快有120: a trouble that names the pulse when its number follows at once."""
        heart = self.text.startswith("心跳", token.start)
        if heart and self._number_next(index) is not None:
            self.state.label = Label("pulse", token.end)

    def _later_today(self, token: Token) -> None:
        """空腹7.6晚上9.0: nobody fasts until the evening."""
        fasted = self.state.context is GlucoseContext.FASTING and self.state.context_used
        if fasted and _LATER.fullmatch(self.text, token.start, token.end):
            self.state.context, self.state.context_at = None, -1

    def _of_tolerance(self, index: int, token: Token) -> bool:
        """空腹6.3,半小时10.1,两小时8.9: a glucose tolerance test."""
        if self.state.label.name != "glucose":
            return False
        if token.kind == "skip":
            return token.name in _HOURS
        half = self.text.endswith(("半", "半个"), 0, token.start)
        return half and token.name == "hours" and self._number_next(index) is not None

    def _hours(self, token: Token) -> None:
        if not self.text.startswith(("前", "以前"), token.end):
            self.state.context = GlucoseContext.POSTPRANDIAL
            self.state.context_at, self.state.context_used = token.end, False

    # -- numbers ---------------------------------------------------------------------------------

    def _numbers(self, index: int) -> int:
        """Read the number group at `index`; return how many tokens it took."""
        group = self._group(index)
        numbers = [token for token in group if token.kind == "num"]
        if self._walled(group[0]):
            self._forget_wall()
            return len(group)
        if self._each_its_moment(numbers):
            return len(group)
        if self._row_of_upper(numbers):
            return len(group)
        self._share_moment(numbers)
        position = 0
        while position < len(numbers):
            taken = self.pairs.read(numbers[position:])
            if not taken:
                self.single.read(Clue(numbers[position]))
                taken = 1
            position += taken
            self._arrive(numbers[position - 1 : position + 1])
        self.state.scope.took_number()
        return len(group)

    def _row_of_upper(self, numbers: list[Token]) -> bool:
        """188 185 184: upper values of one sitting, in a message that says little else."""
        plain = all(
            t.unit is None and t.figure.whole and not t.figure.clock
            and shapes.lone_systolic(t.figure.value) for t in numbers
        )  # fmt: skip
        if len(numbers) < _THREE or not plain or self.state.label.name not in {"", *PRESSURE_NAMES}:
            return False
        if not self.state.label.name and self.state.silence > _QUIET:
            return False
        for number in numbers:
            draft = self.state.draft(Kind.BP, number, number)
            draft.systolic = number.figure.value
            draft.approximate = number.figure.approximate
            self.state.drafts.append(draft)
        return True

    def _each_its_moment(self, numbers: list[Token]) -> bool:
        moments, self.state.moments = self.state.moments, []
        fits = all(all_shapes()["glucose"].fits(t.figure.value) for t in numbers)
        if len(moments) != len(numbers) or len(moments) < _TWO or not fits:
            return False
        for moment, number in zip(moments, numbers, strict=True):
            self.state.context = moment
            self.single.read(Clue(number))
        self.state.scope.took_number()
        return True

    def _arrive(self, around: list[Token]) -> None:
        """从8.9到7.1: the second number is where it went."""
        if len(around) > 1 and shapes.is_arrow(self.text[around[0].end : around[1].start]):
            self.state.scope.leaving = False

    def _share_moment(self, numbers: list[Token]) -> None:
        """7.1 8.3 9.0 空腹: the moment behind belongs to every glucose value of the list."""
        glucose = all_shapes()["glucose"]
        listed = len(numbers) > 1 and all(
            t.unit is None and t.figure.decimals == 1 and not t.figure.clock
            and glucose.fits(t.figure.value) for t in numbers
        )  # fmt: skip
        if not listed or self.state.label.name not in {"", "glucose"} or self.state.context:
            return
        moment = self.state.context_behind(numbers[-1])
        if moment is not None:
            self.state.label = Label("glucose", numbers[0].start)
            self.state.context, self.state.context_at = moment, numbers[0].start

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
            if len(group) > 1 and self._glucose_after_pressure(group[0], token):
                break
            group += [*held, token]
            held, last = [], token
        return group

    def _glucose_after_pressure(self, first: Token, token: Token) -> bool:
        """142/90 7.0空腹: a decimal with its moment behind is not the third of a pressure."""
        decimal = first.figure.whole and token.figure.decimals == 1
        return decimal and self.state.context_behind(token) is not None

    def _walled(self, first: Token) -> bool:
        """A number that belongs to something else: a lab value, a phone, a reference range."""
        before = self.text[max(0, first.start - _BEFORE) : first.start]
        if _LETTER.search(before) and not self._known_label(first):
            return True
        if self.state.label.name in {"other", "private"} and self._pressure_next(first):
            self.state.label = Label()
            return False
        if self.state.label.name in {"other", "private"}:
            return self.tokens.loose(self.state.label.end, first.start) <= _REACH
        if not self.state.drafts or not _DASH_NEXT.match(self.text, first.end):
            return False
        since = self.text[self.state.drafts[-1].end : first.start]
        return _REFERENCE.search(before) is not None or _PRINTED.fullmatch(since) is not None

    def _pressure_next(self, first: Token) -> bool:
        """压差大,160/60 and 今年入冬161/90: written with a slash it is a pressure all the same."""
        second = next((t for t in self.tokens if t.start > first.start and t.kind == "num"), None)
        if second is None or self.text[first.end : second.start].strip() != "/":
            return False
        return shapes.as_pressure(first.figure, second.figure, "/") is not None

    def _known_label(self, first: Token) -> bool:
        return self.state.label.end == first.start and self.state.label.name in CLINICAL_NAMES

    def _forget_wall(self) -> None:
        if self.state.label.name == "private" or (
            self.state.label.name == "other" and not self.state.label.lasting
        ):
            self.state.label = Label()
