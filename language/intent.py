"""What the sender wants: confirm, deny, withdraw, stop, a doctor, help; and the answers to a follow-up."""

from __future__ import annotations

import functools
import re

from language.lexicon import table
from language.reminder_time import wish_of
from language.understanding import Intent

_PLAIN = re.compile(r"[\s,，.。!！~、:：;\"“”'‘’（）()…]+")
# Checked in this order: what stops or withdraws before what merely agrees.
_EXACT = (
    ("stop", Intent.STOP), ("resume", Intent.RESUME), ("withdraw", Intent.WITHDRAW),
    ("doctor", Intent.DOCTOR), ("my_readings", Intent.MY_READINGS), ("help", Intent.HELP), ("greeting", Intent.GREETING),
    ("deny", Intent.DENY), ("confirm", Intent.CONFIRM), ("thanks", Intent.THANKS),
)  # fmt: skip
_LONGEST_EXACT = 12
# Whether a value is good is a question for the articles, not for the record.
_JUDGED = re.compile("算|才|正常|合适|该|怎么|咋|为什么|为啥|严重|要紧|高不高|行不行")
_PARTICLES = "啊呀呢吧嘛哈呗噻撒咧哩"
# 没什么, 没有哪里不舒服, 哪里都好, 好着呢 tell, and ask nothing.
_NOTHING = re.compile(
    r"没有?(?:什么|啥|哪里|哪儿|哪块|哪样|哪个?地方)|哪(?:里|儿|哪|样|个地方)?都|着(?:呢|哩|咧)"
)
# 能吃西瓜不, 吃得稀饭不能, 中不中: yes or no is asked at the end of a clause.
_YES_OR_NO = re.compile(
    r"(?:(?:能|可以|[吃喝用打停]得)[^,，。!！?？;；\s0-9]{1,8}(?<!受|了|对)|要紧|正常|吃得|喝得)"
    r"(?:不|无|没|不能|不得)(?=$|[,，。!！?？;；\s])"
    # 不吃药要得不, 要补吃不, 要补么; 要么, 这么 and the like ask nothing.
    r"|(?:要得|做得|管用|有用|要补|[补停]吃|[补停]得|伤[肝肾胃])[不无](?=$|[,，。!！?？;；\s])"
    r"|(?<![什怎甚这那多要])么(?=$|[,，。!！;；\s])"
    r"|[好前先]还是[^,，。!！?？;；\s]{1,8}(?=$|[,，。!！?？;；\s])"
    # 饭前吃还是饭后吃好点; 削得不, 得不得.
    r"|还是[^,，。!！?？;；\s]{1,8}[好先行](?:点|些)?(?=$|[,，。!！?？;；\s])"
    r"|(?:[削打挑泡走跑做搞抹擦抽睡洗]得不|得不得)(?=$|[,，。!！?？;；\s])"
)
_CAREFUL = re.compile(r"没(?:有)?(?:别的|其他|其它|什么别的)")


@functools.cache
def _exact() -> dict[str, Intent]:
    words = table("intents")["exact"]
    return {word: intent for name, intent in reversed(_EXACT) for word in words[name]}


@functools.cache
def _words(name: str) -> re.Pattern[str]:
    listed = sorted(table("intents")["words"][name], key=len, reverse=True)
    return re.compile("|".join(re.escape(w) for w in listed))


def intent_of(text: str, reports: bool, spelled: str = "") -> Intent:
    """The intent of a text in standard words; `reports` when it carries a value or a finding.

    `spelled`: the text before its dialect words were folded; short answers are listed as people say them.
    """
    plain = _PLAIN.sub("", text)
    if len(plain) <= _LONGEST_EXACT:
        said = _PLAIN.sub("", spelled)
        for whole in (said, plain, plain.removeprefix("请问").rstrip(_PARTICLES)):
            if whole in _exact():
                return _exact()[whole]
    pieces = _said_in_pieces(text) if len(plain) <= _LONGEST_EXACT else None
    if pieces is not None:
        return pieces
    if _words("withdraw").search(text):
        return Intent.WITHDRAW
    if _words("doctor").search(text):
        return Intent.DOCTOR
    if reports:
        return Intent.REPORT
    return _wish_or_question(text)


def _said_in_pieces(text: str) -> Intent | None:
    """好的,知道了 and 不是我的,弄错了: every clause is an answer by itself; the gravest counts."""
    pieces = [piece.rstrip(_PARTICLES) or piece for piece in _PLAIN.split(text) if piece]
    found = {_exact().get(piece) for piece in pieces}
    if None in found or len(pieces) == 1:
        return None
    return next((intent for _, intent in _EXACT if intent in found), None)


def _wish_or_question(text: str) -> Intent:
    if wish_of(text) is not None:
        return Intent.REMINDER_TIME
    if _words("my_readings").search(text) and not _JUDGED.search(text):
        return Intent.MY_READINGS
    return Intent.QUESTION if is_question(text) else Intent.OTHER


def is_question(text: str) -> bool:
    """A question word, or 能吃西瓜不."""
    asked = _NOTHING.sub("", text)
    return _words("question").search(asked) is not None or _YES_OR_NO.search(asked) is not None


def medicine_taken(text: str) -> bool | None:
    """The answer to "have you taken your medicine"; None when not said."""
    if _words("not_taken").search(text) and not _words("taken").search(text):
        return False
    if _words("taken").search(text) and not _words("not_taken").search(text):
        return True
    return None


def no_symptoms(text: str, found: bool) -> bool:
    """True when the sender says that nothing ails and nothing else in the text contradicts it."""
    if found or _CAREFUL.search(text):
        return False
    return _words("no_symptoms").search(text) is not None
