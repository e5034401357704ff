"""Which expressions mean "ill now": negation with its scope, past, supposition, lesson, gossip."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from language.explained import explained
from language.hit import Hit
from language.lexicon import table
from language.negation import deny, span
from language.tokens import Token, Tokens

_BEHIND = 8
_FEAR = 9
_LEAVE = 7
# 有过脑梗, 是腔隙性脑梗: a finding of the doctors, not an event.
_FOUND = re.compile(
    r"(?:[得患有]过?|是|示|见)(?:双侧|左侧|右侧|多发性?|腔隙性?|陈旧性?|轻微|轻度|老)*$"
)
_SENTENCE = re.compile(r"[。!！?？;；\n]")
_CLAUSE = re.compile(r"[。!！?？;；,，\n]")
# What is said in despair, or of one dying, is never taken for a lesson or a supposition.
_GRAVE = frozenset({
    "suicidal_plan", "suicidal_ideation", "passive_death_wish", "self_harm",
    "lethal_amount_question",
})  # fmt: skip


# What somebody did with medicines: planned or asked about, it has not been done.
_DEEDS = frozenset({
    "medicine_stopped", "medicine_missed", "insulin_stopped", "double_dose", "overdose",
    "double_dose_glucose_lowering", "wrong_medicine",
})  # fmt: skip


# 邻居过去一看: one who helps is not the one who is ill.
_HELPS = re.compile(
    r".{0,3}(?:过去|过来|看到|看见|发现|喊我|叫我|告诉|帮|送|打电话|来喊|来叫|跑来)"
)
_DROPS = frozenset({"syncope", "seizure", "unrousable"})


@functools.cache
def _any(section: str, *names: str) -> re.Pattern[str]:
    data = table("context")[section]
    return re.compile("|".join(item for name in names for item in data[name]))


# 俺跑过去, 邻居看过去: a way gone, no time gone by.
_GOES_OVER = re.compile(
    r"[跑走赶冲看昏晕睡迷死挺忍送拉背抬倒翻爬凑靠追不]过去|过去一?[看瞧扶喊叫摸]"
)
# Words of time that do not say when: 一直, 高的时候, 复查.
_NO_DATE = frozenset({"habitual", "highest", "again"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hit stands: its clause and its sentence."""

    clause: int
    clause_end: int
    sentence: int
    sentence_end: int


class Context:
    """Judges the hits of one text."""

    def __init__(self, tokens: Tokens, hits: Sequence[Hit], valued: bool) -> None:
        self.text, self.tokens, self.hits, self.valued = tokens.text, tokens, hits, valued
        self._sentences = [0, *(m.end() for m in _SENTENCE.finditer(self.text)), len(self.text) + 1]
        self._clauses = [0, *(m.end() for m in _CLAUSE.finditer(self.text)), len(self.text) + 1]

    def place(self, hit: Hit) -> Place:
        clause, sentence = span(self._clauses, hit.start), span(self._sentences, hit.start)
        return Place(clause[0], max(clause[1], hit.end), sentence[0], max(sentence[1], hit.end))

    def present(self) -> tuple[list[Hit], list[Hit]]:
        """The hits that hold now, and those the text denies."""
        deny(self.text, self.hits, self._clauses)
        denied = [hit for hit in self.hits if hit.negated]
        held = [hit for hit in self.hits if not hit.negated and self._holds(hit)]
        return held, denied

    def _holds(self, hit: Hit) -> bool:
        place = self.place(hit)
        if explained(self.text, hit, place.sentence, place.sentence_end):
            return False
        if hit.concept in _GRAVE:
            return not self._past(hit, place) and not self._news(hit, place)
        return not (
            self._past(hit, place)
            or self._supposed(hit, place)
            or self._lesson(hit, place)
            or (hit.kind == "disease" and not self._acute(hit, place))
            or self._news(hit, place)
        )

    # -- past ------------------------------------------------------------------------------------

    def _past(self, hit: Hit, place: Place) -> bool:
        after = self.text[hit.end : hit.end + 12]
        sentence = self.text[place.sentence : place.sentence_end]
        going = _any("past", "going_on")
        found = _any("past", "behind").match(after)
        fainted = found is not None and found[0] == "过" and hit.concept.startswith("syncope")
        dated = found is not None and found[0].endswith("前")
        if found and not fainted and (dated or not self._lately(place)):
            return True
        if hit.topical and _any("past", "gone").search(self.text[hit.end : place.sentence_end]):
            return True
        before = self.text[place.clause : hit.start]
        if _any("past", "before").search(before[-8:]) and not going.search(sentence):
            return True
        return self._past_time(hit, place, going)

    def _lately(self, place: Place) -> bool:
        return any(
            t.kind == "time" and t.name == "now" and place.sentence <= t.start < place.sentence_end
            for t in self.tokens
        )

    def _governing(self, hit: Hit, place: Place) -> Token | None:
        """The last word of time before the hit; 前年有一次 stays in the past."""
        governing = None
        for token in self.tokens:
            if token.start >= max(hit.start, hit.core):
                break
            if token.kind != "time" or token.start < place.sentence or token.name in _NO_DATE:
                continue
            if _GOES_OVER.search(self.text[max(token.start - 1, 0) : token.end + 2]):
                continue
            vague = token.name in {"vague", "checked"}
            if governing is None or not vague or governing.start < place.clause:
                governing = token
        return governing

    def _past_time(self, hit: Hit, place: Place, going: re.Pattern[str]) -> bool:
        governing = self._governing(hit, place)
        if governing is None or governing.name != "past":
            return False
        if hit.concept == "syncope" and _any("past", "recent").match(self.text, governing.start):
            return False
        if _any("past", "own_clause").match(self.text, governing.start) and governing.start < (
            place.clause
        ):
            return False
        if re.match(_any("past", "undone").pattern, self.text[governing.end : governing.end + 4]):
            return False
        following = next((c for c in self._clauses if c > place.clause_end), place.sentence_end)
        since = self.text[governing.end : min(following, place.sentence_end)]
        return (_any("past", "back") if hit.kind == "disease" else going).search(since) is None

    # -- supposition and lesson ------------------------------------------------------------------

    def _supposed(self, hit: Hit, place: Place) -> bool:
        clause = self.text[place.clause : hit.start]
        after = self.text[hit.end : place.clause_end]
        return (
            self._if(hit, place)
            or _any("supposition", "clause").search(clause) is not None
            or self._caused(hit, place, clause)
            or self._feared(hit, clause)
            or _any("supposition", "behind").search(after[:_BEHIND]) is not None
            or self._asked(hit, place, clause)
        )

    def _if(self, hit: Hit, place: Place) -> bool:
        """要是, 如果, 万一: until a word for now takes it back.

        Over a comma it reaches only when its own clause is about illness (not 如果方便请回复).
        """
        found = _any("supposition", "sentence").search(self.text, place.sentence, hit.start)
        if found is None or self._now_after(found.end(), hit):
            return False
        end = span(self._clauses, found.start())[1]
        if end > hit.start:
            return True
        supposed = any(found.end() <= h.start < end for h in self.hits)
        return supposed or any(
            t.kind in {"num", "measure", "skip"} and found.end() <= t.start < end
            for t in self.tokens
        )

    def _feared(self, hit: Hit, clause: str) -> bool:
        """是不是脑梗, 怕中风, 想停药: a name that is feared, a deed that is planned."""
        if hit.topical and _any("supposition", "disease").search(clause[-_FEAR:]):
            return not self._said_ill(hit)
        if hit.concept not in _DEEDS:
            return False
        planned = _any("supposition", "plan").search(clause[-_BEHIND:])
        return planned is not None or self._asked_for(hit)

    def _asked_for(self, hit: Hit) -> bool:
        """胰岛素能不能多打点, 多打两个单位行不: leave is asked for what is not done yet.

        Never of handfuls: who asks whether a bottle may be swallowed is in danger.
        """
        said = self.text[hit.start : hit.end + 1]
        dose = hit.concept.startswith("double_dose") or "多打" in said
        if not dose or _any("supposition", "done").search(said):
            return False
        inside = self.text[hit.start : hit.core]
        return _any("supposition", "leave").search(inside) is not None or (
            _any("supposition", "asked_deed").search(self.text[hit.end : hit.end + 12]) is not None
        )

    def _asked(self, hit: Hit, place: Place, clause: str) -> bool:
        if not self._asks(hit, place) or self._live(place):
            return False
        inside = self.text[hit.start : hit.core]
        return _any("supposition", "asked").search(clause + inside) is not None

    def _caused(self, hit: Hit, place: Place, clause: str) -> bool:
        """X引起Y: a lesson when it is asked, a complaint when somebody has Y."""
        if not _any("supposition", "cause").search(clause):
            return False
        if _any("supposition", "relieved").search(self.text, hit.end, place.sentence_end):
            return False
        return self._asks(hit, place) or not self._live(place)

    def _asks(self, hit: Hit, place: Place) -> bool:
        rest = self.text[hit.end : place.sentence_end + 1].strip()
        return re.search(r"^[吗么嘛]|[吗么嘛不没]\s*[?？。]?$|[?？]", rest) is not None

    def _said_ill(self, hit: Hit) -> bool:
        """脑梗犯了, 又中风了: an event, whatever stands before it."""
        return (
            re.match(r"又?(?:犯了|发作)|了(?!吗|么|没|怎么|\?)", self.text[hit.end : hit.end + 4])
            is not None
        )

    def _now_after(self, start: int, hit: Hit) -> bool:
        return any(
            t.kind == "time" and t.name == "now" and start <= t.start < hit.start
            for t in self.tokens
        )

    def _lesson(self, hit: Hit, place: Place) -> bool:
        """A sign is taught only where the asking is not a clause of its own (手麻,会不会是中风)."""
        if _any("lesson", "taught").search(self.text, place.sentence, place.sentence_end):
            return True
        if hit.topical:
            return self._named_only(hit, place)
        asking = _any("lesson", "ask") if self._had(hit) else _any("lesson", "ask", "leave")
        asked = asking.search(self.text, place.sentence, place.clause_end)
        return asked is not None and not (self._live(place) or self._told(hit, place))

    def _had(self, hit: Hit) -> bool:
        """胸痛还能吃阿司匹林吗: who asks leave right behind a sign has the sign."""
        if hit.concept in _DEEDS:
            return False
        found = _any("lesson", "leave").search(self.text, hit.end, hit.end + _LEAVE)
        return found is not None

    def _named_only(self, hit: Hit, place: Place) -> bool:
        """A name in a lesson, or as an attribute, or alone; told as an event it stands."""
        if self._event(hit, place):
            return False
        sentence = self.text[place.sentence : place.sentence_end]
        taught = _any("lesson", "ask", "leave").search(sentence) or (
            _any("lesson", "of_people").match(self.text, hit.end)
        )
        if taught or hit.kind == "disease":
            return taught is not None
        named = _any("lesson", "name_ask").search(sentence) is not None
        return named or not (self._live(place) or self._alone(hit, place))

    def _told(self, hit: Hit, place: Place) -> bool:
        """Two signs or more and then 是…的前兆吗: the signs are somebody's."""
        after = self.text[hit.end : place.sentence_end]
        signs = {
            h.concept
            for h in self.hits
            if place.sentence <= h.start < place.sentence_end and not (h.topical or h.negated)
        }
        return (
            len(signs) > 1
            and re.search(
                r"是.{0,10}(?:前兆|征兆|先兆|症状|表现|信号|中风|脑梗|心梗|心脏病)", after
            )
            is not None
        )

    def _alone(self, hit: Hit, place: Place) -> bool:
        """晕倒, 抽搐 as a whole clause: one who is in no state to write more."""
        rest = self.text[hit.end : place.clause_end].strip(" ,，。!?？！；;")
        return hit.concept in _DROPS and not rest

    def _live(self, place: Place) -> bool:
        """Somebody is said to be ill in this sentence, or a value is given in the message."""
        if self.valued or _any("lesson", "live").search(
            self.text, place.sentence, place.sentence_end
        ):
            return True
        return any(
            t.kind == "subject" and t.name != "self" and t.start < place.sentence_end
            for t in self.tokens
        )

    def _of_somebody(self, place: Place, hit: Hit) -> bool:
        return any(
            t.kind in {"subject", "pronoun"} and place.sentence <= t.start < hit.start
            for t in self.tokens
        )

    def _event(self, hit: Hit, place: Place) -> bool:
        """A topical name told as an event: 突然昏迷, 脚烂了, 抽搐怎么办."""
        after = self.text[hit.end : min(place.sentence_end, hit.end + 10)]
        before = self.text[place.clause : hit.start]
        if re.match(r"的(?:主要|常见)?原因", after) and not self._of_somebody(place, hit):
            return False
        if re.match(
            r"的?(?:前兆|征兆|先兆|症状|表现|危害|预防|信号|风险|鉴别|诊断|定义|分类|护理|科普|知识)",
            after,
        ):
            return False
        return _any("lesson", "acute_behind").match(after) is not None or (
            _any("lesson", "acute_before").search(before) is not None
        )

    def _acute(self, hit: Hit, place: Place) -> bool:
        """The name of an acute state counts only with a sign that it is happening now."""
        after = self.text[hit.end : min(place.sentence_end, hit.end + 12)]
        before = self.text[max(place.clause, hit.start - 10) : hit.start]
        if _any("lesson", "attribute").match(after):
            return False
        clause_after = self.text[hit.end : place.clause_end]
        if re.search(r"预防|防止|避免", clause_after):
            return False
        if _any("lesson", "acute_behind").match(after):
            return True
        if _any("lesson", "acute_behind").search(clause_after) and len(clause_after) <= 14:  # noqa: PLR2004
            return True
        return _any("lesson", "acute_before").search(before) is not None and not _FOUND.search(
            before
        )

    # -- gossip ----------------------------------------------------------------------------------

    def _news(self, hit: Hit, place: Place) -> bool:
        near = self.text[max(place.sentence - 1, 0) : hit.core]
        far = _any("gossip", "far").search(near)
        if far is None or re.search(r"我(?!们|家|村)", near[far.end() :]):
            return False
        if _HELPS.match(near, far.end()):
            return False
        return _any("gossip", "now").search(self.text[place.sentence : place.sentence_end]) is None
