"""The question inside a message: normalised for matching, and cut to the sentence that asks."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from language.medicines import find

WORDING = Path(__file__).parent / "wording.toml"
_LIMIT = 64
_WHOLE = 36
_ALONE = 7
_PIECE = 4
_ALSO = re.compile(
    r"(?:,|(?<=[吗不么呢?。]))(?:还有就是|还有一个|还有|另外|再一个|再问一下|再问|顺便问一下|顺便|第二|其次)(?=.{4})"
)
_BREAK = re.compile(r"(?<=[。!?;\n])|[。;\n]")
_CLAUSE = re.compile(r"[,、:]|(?<=[。!?;])")
_KEPT = re.compile(r"[^\w\s。,!?;:、./%+\-\[\]()~]")


def normalise(text: str) -> str:
    """Full width to half, lower case, no emoji or lone surrogates, plain words for dialect ones."""
    clean = text.encode("utf-8", "ignore").decode()
    clean = unicodedata.normalize("NFKC", clean).lower()
    clean = _KEPT.sub(" ", clean)
    clean = re.sub(r"(?<![a-z0-9.])\s+|\s+(?![a-z0-9])", "", clean)
    for pattern, plain in _replacements():
        clean = pattern.sub(plain, clean)
    return clean


def sentences(text: str) -> tuple[str, ...]:
    """Return the asking sentences of a normalised message, greetings stripped, in order."""
    parts = [part for part in (_bare(piece) for piece in _BREAK.split(text)) if part]
    asking = [part for part in parts if _asks().search(part)]
    return tuple(cut(part) for part in asking or parts)


def cut(sentence: str) -> str:
    """Shorten a long sentence to its asking clause with the clauses before it that still fit."""
    if len(sentence) <= _WHOLE:
        return sentence
    clauses = [clause for clause in _CLAUSE.split(sentence) if clause]
    last = max((i for i, clause in enumerate(clauses) if _asks().search(clause)), default=-1)
    kept = clauses[last][-_LIMIT:]
    for clause in reversed(clauses[: last if last >= 0 else len(clauses) - 1]):
        if len(kept) + len(clause) + 1 > _LIMIT:
            break
        kept = f"{clause},{kept}"
    return kept


def clauses(sentence: str) -> tuple[str, ...]:
    """Return the clauses of a sentence when several of them ask, each long enough to stand alone."""
    parts = [part for part in _CLAUSE.split(sentence) if len(part) >= _ALONE and asks(part)]
    return tuple(parts) if len(parts) > 1 else ()


def pieces(text: str) -> tuple[str, ...]:
    """Return every clause that asks, with the words before it that do not: one question each."""
    found: list[str] = []
    before = ""
    for clause in _CLAUSE.split(_ALSO.sub(",", text).replace(";", ",")):
        if not asks(clause):
            before = f"{before},{clause}" if before else clause
            continue
        whole = _bare(f"{before},{clause}" if before else clause)
        if found and (clause.startswith("还是") or len(whole) < _PIECE):
            found[-1] = f"{found[-1]},{whole}"
        else:
            found.append(whole)
        before = ""
    return tuple(one for one in found if one)


def apart(text: str) -> frozenset[str]:
    """The questions that stand in a sentence of their own, or behind 还有, 另外."""
    return frozenset(sentences(_ALSO.sub("。", text)))


def generics(text: str) -> str:
    """The text with its brands by the names that the articles know: 诺和灵30r is an insulin."""
    for named in find(text):
        if named.medicine.generic not in text:
            text = text.replace(named.said, named.medicine.generic)
    return text


def asks(text: str) -> bool:
    """Tell whether a normalised text asks something."""
    return bool(_asks().search(text))


def _bare(sentence: str) -> str:
    return _courtesy().sub("", sentence).strip(" ,.。、:")


@cache
def _wording() -> dict[str, Any]:
    return tomllib.loads(WORDING.read_text(encoding="utf-8"))


@cache
def _replacements() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), plain) for pattern, plain in _wording()["replace"])


@cache
def _asks() -> re.Pattern[str]:
    return re.compile("|".join(_wording()["asks"]))


@cache
def _courtesy() -> re.Pattern[str]:
    return re.compile("|".join(_wording()["courtesy"]))
