"""Facts about the person told in the text: pregnancy, diseases, drugs, age."""

from __future__ import annotations

import functools
import re

from language.lexicon import table
from language.medicines import rules_in

_AGE = re.compile(
    r"(?:今年|年龄|年纪|周岁|虚岁|,|，|男|女|我|^|\s|:|了|他|她|妈|爸|爷爷|奶奶|伴|头|太|患者|性|位)\s*(?:是|有|已经|都|快|:)?\s*([1-9][0-9]?|1[01][0-9])\s*(?:多)?(?:周岁|虚岁|岁)(?!时|的时候|以前|开始|就|那年|那|前|确诊|查出|发现)"
)
_AGE_BARE = re.compile(r"(?:今年|年龄[:：]?|男|女)\s*,?\s*([1-9][0-9])(?![0-9./年天个月kg斤:：-])")
_CHILD = re.compile(r"个月(?:大|的宝宝|婴儿)")


@functools.cache
def _any(section: str, name: str) -> re.Pattern[str]:
    return re.compile("|".join(table("background")[section][name]))


def pregnant(text: str) -> bool:
    if not _any("pregnant", "said").search(text):
        return False
    stripped = _any("pregnant", "not_now").sub("", text)
    return _any("pregnant", "said").search(stripped) is not None


def conditions(text: str) -> frozenset[str]:
    stripped = _any("conditions", "never").sub("", text)
    names = ("hypertension", "type2_diabetes")
    return frozenset(name for name in names if _any("conditions", name).search(stripped))


def drugs(text: str) -> frozenset[str]:
    """The classes of medicines that decide urgency and that a text names, by stem or by name."""
    stems: dict[str, list[str]] = table("background")["drugs"]
    said = (name for name, words in stems.items() if words and _any("drugs", name).search(text))
    return frozenset(said) | (rules_in(text) & stems.keys())


def age(text: str) -> int | None:
    """The first age said; None for a child counted in months, or when no age is said."""
    if _CHILD.search(text):
        return None
    found = _AGE.search(text) or _AGE_BARE.search(text)
    return int(found[1]) if found else None
