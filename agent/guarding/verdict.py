"""The order in which a reworded answer is checked, and the code of the first thing that is wrong."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from agent.guarding import (
    closeness,
    figures,
    forbidden,
    medicines,
    polarity,
    signs,
    support,
    things,
)
from agent.guarding.figures import Figure
from knowledge.answer import Citation
from knowledge.foods import FoodTable

_PERIODS = {
    "day": re.compile("每天|每日|天天|一天|一日|当天|早晚|每人每天"),
    "week": re.compile("每周|一周|每星期|一星期|每礼拜|一礼拜|每个?星期"),
    "month": re.compile("每月|每个月|一个月|月月"),
    "year": re.compile("每年|一年|年年"),
    "meal": re.compile("每顿|一顿|每餐|一餐|顿顿"),
    "time": re.compile("每次|一次|每回|一回"),
}
_FREQUENT = ("week", "month", "year")
_WEIGHTS = {"g", "kg", "jin", "liang", "qian", "mg", "ug", "ml", "l", "bowl", "cup", "spoon"}
# Numbers of the patient's own record: told back, and never as a goal.
_OWN = re.compile("您.{0,6}(?:量|测|血压|血糖|报|说)|这次|刚才|刚刚")
_GOAL = re.compile(
    "控制|目标|以下|以内|以上|低于|高于|降到|正常|达标|超过|就行|就好|合适|标准|可以|不用|没事"
)
_COUNTED = "([0-9一二两三四五六七八九十几半]+)(?:次|回|遍|趟)"
_SHORTEST = 6
_SHORTEST_FOOD = 2


@dataclass(frozen=True, slots=True)
class Ground:
    """What a reworded answer may rest on: passages, the advice behind them, the patient's record."""

    passages: tuple[Citation, ...]
    advice: str = ""
    record: frozenset[float] = frozenset()

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(citation.passage for citation in self.passages)

    def on(self, used: tuple[Citation, ...]) -> Ground:
        """The same ground with only the passages that were used."""
        return replace(self, passages=used)

    def unfit(self) -> str | None:
        """Why these passages go to no model: somebody put into them what no article holds."""
        return "passage" if any(forbidden.always(text) for text in self.texts) else None


def refused(text: str, ground: Ground, limit: int) -> str | None:
    """The code of the first thing that is wrong with a reworded answer; None when it may go out."""
    return next(_problems(text.strip(), ground, limit), None)


def _problems(text: str, ground: Ground, limit: int) -> Iterator[str]:
    """Cheap and certain checks first; the first that fails is the reason."""
    texts = ground.texts
    if not _SHORTEST <= len(text) <= limit:
        yield "length"
    findings: tuple[Callable[[], str | None], ...] = (
        lambda: signs.problem(text, "\n".join(texts)),
        lambda: forbidden.always(text),
        lambda: _number(text, ground),
        lambda: forbidden.unless_said(text, texts),
        lambda: forbidden.never_plain(text, texts),
        lambda: "food" if _strange_food(text, ground) else None,
        lambda: "unsupported" if support.unsupported(text, texts) else None,
        lambda: "turned_round" if polarity.turned_round(text, texts) else None,
        lambda: "misused" if things.misused(text, texts, ground.advice) else None,
        lambda: "call_lost" if things.call_lost(text, texts) else None,
        lambda: "shuffled" if polarity.shuffled(text, texts) else None,
        lambda: "medicine" if medicines.strayed(text, texts) else None,
        lambda: "distant" if closeness.distant(text, texts) else None,
        lambda: "warning_lost" if medicines.warning_lost(text, texts, ground.advice) else None,
    )
    yield from filter(None, (finding() for finding in findings))


@dataclass(frozen=True, slots=True)
class _Placed:
    figure: Figure
    sentence: str


def _placed(text: str) -> tuple[_Placed, ...]:
    return tuple(
        _Placed(figure, sentence)
        for sentence in signs.sentences(text)
        for figure in figures.figures(signs.clauses(sentence))
    )


def _number(text: str, ground: Ground) -> str | None:
    known = tuple(one for passage in ground.texts for one in _placed(passage))
    for one in _placed(text):
        alike = tuple(other for other in known if other.figure.amount == one.figure.amount)
        if not alike:
            if _of_record(one, ground):
                continue
            return "number"
        if not any(_same_bound(one, other, known) for other in alike):
            return "bound"
        if not any(_same_thing(one, other) for other in alike):
            return "number_of_something_else"
    if not all(_together(*pair, known) for pair in itertools.combinations(_placed(text), 2)):
        return "number_of_something_else"
    whole = "".join(ground.texts)
    if not _rates(text) <= _rates(whole):
        return "frequency"
    said = _periods(text, _FREQUENT)
    return None if said <= _periods(whole, _FREQUENT) else "frequency"


def _together(one: _Placed, two: _Placed, known: tuple[_Placed, ...]) -> bool:
    """Two numbers of one clause stand in one sentence of the passages too, each with its bound."""
    if one.figure.clause != two.figure.clause:
        return True
    places = [
        {
            k.sentence
            for k in known
            if k.figure.amount == f.amount and f.bound in (None, k.figure.bound)
        }
        for f in (one.figure, two.figure)
    ]
    return not all(places) or bool(places[0] & places[1])


def _of_record(one: _Placed, ground: Ground) -> bool:
    clause = one.figure.clause
    own = one.figure.unit is None and one.figure.value in ground.record
    return own and _OWN.search(clause) is not None and not _GOAL.search(one.sentence)


def _same_bound(one: _Placed, other: _Placed, known: tuple[_Placed, ...]) -> bool:
    bound = one.figure.bound
    if bound is None or bound == other.figure.bound:
        return True
    if other.figure.bound is not None or (bound == "lower" and one.figure.unit in _WEIGHTS):
        return False
    if one.figure.unit not in _WEIGHTS:
        return True
    # A bound that the passages give, to another number of this unit.
    return not any(k.figure.unit == one.figure.unit and k.figure.bound == bound for k in known)


def _same_thing(one: _Placed, other: _Placed) -> bool:
    """The number is said of the same thing, and as often."""
    clause = polarity.said(one.figure.clause).signs
    there = polarity.said(other.figure.clause).signs
    if not clause or not there:
        clause = clause or polarity.said(one.sentence).signs
        there = polarity.said(other.sentence).signs
    if clause and there and not clause & there:
        return False
    return _periods(one.figure.clause, _PERIODS) <= _periods(other.sentence, _PERIODS)


def _rates(text: str) -> set[tuple[str, str]]:
    """一周一次, 每天2到3遍: how often, as the period and the words of the number."""
    return {
        (name, found[1])
        for name, words in _PERIODS.items()
        for found in re.finditer(rf"(?:{words.pattern})[^，。]{{0,5}}?{_COUNTED}", text)
    }


def _periods(text: str, which: object) -> set[str]:
    return {name for name, words in _PERIODS.items() if name in which and words.search(text)}  # type: ignore[operator]


@cache
def _foods() -> tuple[str, ...]:
    return tuple(
        name
        for name in FoodTable().names
        if len(name) >= _SHORTEST_FOOD and not forbidden.is_plain_food(name)
    )


def _strange_food(text: str, ground: Ground) -> bool:
    whole = "".join(ground.texts)
    return any(name in text and name not in whole for name in _foods())
