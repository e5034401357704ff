"""Whose, when and what for: the words in force while a text is read from left to right."""

from __future__ import annotations

import re
from dataclasses import dataclass

from language.lexicon import table
from language.tokens import Token, Tokens
from language.understanding import Purpose, Subject

_DIAGNOSED = re.compile(r"查出|发现|确诊|诊断|得了|患|得的|患上|得病|住院|住过|做过|手术")
# 以前没有糖尿病史,体重80公斤: nothing was measured then.
_NEVER = re.compile(r"(?:没有?|无|从未|未曾|不曾)[^,，]{0,8}(?:史|病|高血压|糖尿病|三高)$")
_OF_SELF = re.compile(
    r"\s*(?:的|今天|今早|早上|晚上|现在|刚|刚才|也|只有|只|就|才|倒|却|有|是|昨天|昨晚|这|最近|自己|今晨|呢|,|:|\s"
    r"|反而|反倒|偏高|高了|低了|总是|老是|一般|平时|一直|这个|那个|这边|这次|都|今年|[0-9]{1,2}岁|男|女)*"
)
# 我自己也量了下: only who measures himself; 我量了 may be somebody else's arm.
_OF_ONESELF = re.compile(
    _OF_SELF.pattern
    + r"(?:去|来|跟着|顺便|又|再|量|测|查|验|扎|称|检查|了|过|,|一下|下|个|出来|出|得|在家|医院|药店|的|是|有|才|只|\s)*"
)
_ONESELF = re.compile(r"自|各人|本人|个人")
_ALSO = re.compile(r"\s*(?:也|倒|反|自|顺便|又)")
_GENERAL = frozenset(table("lexicon")["general"]["words"])
_NEXT_TO = 2
_WISHED = re.compile(
    r"怎么|如何|怎样|[能想要好]把|可以把|想|希望|要|争取|才能|能不能|能否|尽快|必须|应该|需要|目标|最好|可以"
)
# 从2015年开始, 从怀孕起: a time, not a value that was left.
_SINCE = re.compile(r"[^,，。]{0,12}?(?:开始|起|以来|之后|以后|那时|那天)")
_FOR_ME = re.compile(
    r"\s*(?:刚|新)?(?:买|送|寄)(?:的|来)|\s*(?:也|又|今天|昨天|今早|刚才|刚|就|都|非|硬)*(?:给|帮|让|替|叫|陪|带|劝|说|催|逼|送|拉|喊|要)(?:我|俺|咱|本人)"
    r"(?!们|妈|爸|家|爹|娘|爷|奶|老|婆|公|哥|姐|弟|妹|儿|女|外|姥|岳|丈|先|太|对)"
    r"(?![^,，。!?]{0,6}(?:问|咨询|报|代|[帮替给](?:他|她|忙)))"
)
_DAY_PART = re.compile(
    r"(?:早上|早晨|清晨|今早|今天|今晨|晚上|昨晚|昨天|每天|中午|下午)[^,。0-9]{0,2}$"
)
_DAY_REACH = 5
_WITH = re.compile(
    r"(?:我|俺|咱|本人|爸|妈|爹|娘|伴|公|婆|头|女|子|夫|奶|爷|哥|姐|弟|妹|人)(?:和|跟|与|同|及|、)$"
)
_ON_ME = re.compile(r"(?:也|又|再|来)?(?:量|测|扎|查|称|验)")
_HEARSAY = re.compile(r"说|听|查|百度|看到")
_FIRST = re.compile(r"(?:第一[次回遍]|头一[次回遍])(?:[量测]|[是为:]?\s*[0-9])")
_FIRST_OF = re.compile(r"(?:第一|头一|首)[次回遍](?!住院|发病|中风|怀孕|犯病|查出|发现)")
_SECOND = re.compile(r"第[二2][次回遍](?!住院|发病|中风|怀孕|犯病)")
_AGAIN = re.compile(
    r"第[二三四][次回遍]|[再又重][量测]|复测|休息|歇|隔[了几一二两三五十0-9]|过[了几一二两三五十0-9]+分"
)
_HOW_MUCH = re.compile(r"多少|几")
_THRESHOLD = re.compile(
    r"算|才|达标|就行|就可以|合适|安全|是指|定义|属于|属|叫做?|才是|就是|就算|就要|需要|应该|会不会|会怎|会死|会有|正常|标准|不能|不宜|禁止|危险吗|是不是|吃药吗|怎样|有什么|是什么|多少"
)

# The relation of a value that belongs to one of two people.
PAIR = "pair"


@dataclass(slots=True)
class Scope:
    """The state of reading. A stop ends purpose and time; a comma ends a target."""

    tokens: Tokens
    subject: Subject = Subject.SELF
    relation: str | None = None
    last: str | None = None
    when: str = ""
    when_at: int = -1
    numbered: bool = False
    purpose: Purpose = Purpose.MEASURED
    limited: bool = False
    leaving: bool = False
    printed_at: int = -1
    turned_at: int = -1
    heard_at: int = -1
    supposed_at: int = -1
    own: bool = False

    def hear(self, index: int) -> None:
        token = self.tokens[index]
        match token.kind:
            case "subject" | "pronoun" | "group" | "pair":
                self._person(index, token)
            case "time":
                self._time(token)
            case "purpose":
                self._what_for(token)
            case "mark":
                self._mark(token)
            case "brk":
                self._comma(index, token)
            case "stop":
                self._stop(token)
            case "measure" if self._printed_beside(token):
                self.purpose = Purpose.MEASURED
            case _:
                pass

    def _person(self, index: int, token: Token) -> None:
        if token.kind == "subject":
            self._own(token)
            self._whose(index, token)
        elif token.kind == "pronoun":
            self._whom(index, token)
        elif token.kind == "pair":
            self._together()
        elif self.subject is Subject.SELF and (
            not self._self_said(index) or self._told_beside(index)
        ):
            self.subject, self.relation = Subject.UNCLEAR, None

    def _own(self, token: Token) -> None:
        """听说180会中风,我的170要紧吗: hearsay ends where the sender's own clause begins."""
        if self.purpose is not Purpose.HYPOTHETICAL or token.name != "self":
            return
        heard = self.heard_at >= 0 and "," in self.tokens.text[self.heard_at : token.start]
        if heard or self._after_supposing(token):
            self.purpose, self.limited = Purpose.MEASURED, False

    def _after_supposing(self, token: Token) -> bool:
        """要是到了7就是糖尿病吗,我6.8: the supposed number was said, and 我 stands right before hers."""
        said = self.tokens.text[max(self.supposed_at, 0) : token.start]
        told = self.supposed_at >= 0 and any(sign.isdigit() for sign in said)
        mine = self.tokens.text[token.end : token.end + 1].isdigit()
        return told and said.endswith((",", " ")) and mine

    def took_number(self) -> None:
        self.numbered = True

    def _whose(self, index: int, token: Token) -> None:
        if token.name != "self" and self._does_for_me(token):
            return
        together = _WITH.search(self.tokens.text, 0, token.start) is not None
        if token.name != "self":
            self.subject, self.own = Subject.OTHER, False
            self.relation = self.last = one_person(self.last, token.name)
            if together:
                self._together()
            return
        self.own = True
        if together and self.subject is Subject.OTHER:
            self._together()
            return
        if self.subject is Subject.SELF:
            return
        text = self.tokens.text
        alone = _ONESELF.search(text, token.start, token.end) or _ALSO.match(text, token.end)
        rest = (_OF_ONESELF if alone else _OF_SELF).match(text, token.end)
        reached = rest.end() if rest else token.end
        following = next((t for t in self.tokens[index + 1 :] if t.start >= reached), None)
        near = following is not None and following.start <= reached + 1
        if (
            near
            and following is not None
            and following.kind in {"num", "measure", "context", "mark"}
        ):
            self.subject, self.relation = Subject.SELF, None

    def _together(self) -> None:
        """我们俩 150/90 140/85: two people, and nobody can know which value is whose."""
        self.subject, self.relation, self.own = Subject.UNCLEAR, PAIR, False

    def _does_for_me(self, token: Token) -> bool:
        """老公给我量85/50: who lends a hand is not whose value it is."""
        found = _FOR_ME.match(self.tokens.text, token.end)
        if found is not None and _ON_ME.match(self.tokens.text, found.end()):
            self.subject, self.relation = Subject.SELF, None
        return found is not None

    def _whom(self, index: int, token: Token) -> None:
        """他 and 她 name somebody else only when the value is theirs (not 他说, 他让我)."""
        if self._does_for_me(token):
            return
        if self.tokens.text.endswith(("比", "给", "帮", "替", "跟", "像"), 0, token.start):
            return
        following = next((t for t in self.tokens[index + 1 : index + 2]), None)
        theirs = following is not None and following.kind in {"num", "measure", "context", "time"}
        if theirs and following is not None and following.start - token.end <= _NEXT_TO:
            self.subject, self.relation = Subject.OTHER, self.last

    def _self_said(self, index: int) -> bool:
        return any(t.kind == "subject" and t.name == "self" for t in self.tokens[:index])

    def _told_beside(self, index: int) -> bool:
        """我136/82,老人158/96: behind the sender's own value, right before another one."""
        following = (t.kind for t in self.tokens[index + 1 : index + 2])
        told = any(t.kind == "num" for t in self.tokens[:index])
        return told and next(following, "") in {"num", "measure"}

    def _repeated(self, token: Token) -> bool:
        """第一次152/96,休息后136/86: the first of several today, not of all time."""
        text = self.tokens.text
        counted = _FIRST_OF.match(text, token.start) and _SECOND.search(text, token.end)
        again = _FIRST.match(text, token.start) and _AGAIN.search(text, token.end)
        return bool(counted or again)

    def _before_the_dose(self, token: Token) -> bool:
        """早上吃药前150/95: before today's tablet, not before all treatment."""
        said = self.tokens.text[token.start : token.end]
        begin = max(0, token.start - _DAY_REACH)
        today = _DAY_PART.search(self.tokens.text, begin, token.start)
        return said in {"吃药前", "服药前", "用药前", "打针前"} and today is not None

    def _time(self, token: Token) -> None:
        if token.name == "past" and (self._repeated(token) or self._before_the_dose(token)):
            return
        if token.name == "habitual" and (
            self.when in {"now", "again", "treated"} or self._still_past(token)
        ):
            return
        if token.name in {"vague", "checked", "again"} and self._still_past(token):
            return
        self.when, self.when_at, self.numbered = token.name, token.start, False
        if token.name in {"now", "again", "treated"} and self.purpose is Purpose.HYPOTHETICAL:
            self.purpose = Purpose.MEASURED

    def _still_past(self, token: Token) -> bool:
        """以前一直150, 上周复查7.6: within the past, unless a comma or a value parted them."""
        if self.when != "past":
            return False
        if token.name == "vague":
            return not self.numbered
        if token.name != "habitual" and self.numbered:
            return False
        return re.search(r"[,，]", self.tokens.text[self.when_at : token.start]) is None

    def _what_for(self, token: Token) -> None:
        if token.name == "limit":
            self.limited = True
        elif token.name in {"target", "reference"}:
            self.purpose = Purpose.TARGET
            self.printed_at = token.end if token.name == "reference" else -1
        else:
            self.purpose, self.supposed_at = Purpose.HYPOTHETICAL, token.start
            said = self.tokens.text[token.start : token.end]
            self.heard_at = token.start if _HEARSAY.search(said) else -1

    def _printed_beside(self, token: Token) -> bool:
        """参考范围3.9-6.1 糖化7.5: the next name ends what the laboratory printed."""
        if self.purpose is not Purpose.TARGET or self.printed_at < 0:
            return False
        return any(sign.isdigit() for sign in self.tokens.text[self.printed_at : token.start])

    def _mark(self, token: Token) -> None:
        if token.name == "from":
            self.leaving = _SINCE.match(self.tokens.text, token.end) is None
        elif token.name == "until":
            self.leaving, self.turned_at = False, token.end
            begin = max(self.tokens.text.rfind(sign, 0, token.start) for sign in ",，。!?；;") + 1
            if _WISHED.search(self.tokens.text, begin, token.start):
                self.purpose = Purpose.TARGET
            if self.when in {"past", "vague", "checked"} and self.numbered:
                self.when = "reached"

    def _comma(self, index: int, token: Token) -> None:
        if token.name not in {",", "，"}:
            return
        said = self.tokens.text[max(self.when_at, 0) : token.start]
        if self.when == "past" and not self.numbered and _NEVER.search(said):
            self.when = ""
        if self.when == "past" and not self.numbered and _DIAGNOSED.search(said):
            self.when = "vague"
        asked = _HOW_MUCH.search(self.tokens.text, max(0, token.start - 8), token.start)
        bare = any(t.kind == "num" for t in self.tokens[index + 1 : index + 2])
        if self.purpose is Purpose.TARGET and not (asked and bare):
            self.purpose = Purpose.MEASURED
        self.limited = False

    def _stop(self, token: Token) -> None:
        """A stop ends everything, but 降到140以下吗?还是130 goes on asking for the same goal."""
        if self.purpose is Purpose.TARGET and self.tokens.text.startswith("还是", token.end):
            return
        self.when, self.when_at, self.numbered = "", -1, False
        self.purpose, self.limited, self.leaving = Purpose.MEASURED, False, False


def one_person(last: str | None, word: str) -> str:
    """我爷爷 … 老人家: a general word means the relative already named."""
    return last if last is not None and word in _GENERAL else word


def is_threshold(sentence: str) -> bool:
    """True for a sentence that asks where a line is drawn, rather than reports a value."""
    return _THRESHOLD.search(sentence) is not None
