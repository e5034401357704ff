"""By which words a concept is heard: phrases, a part of the body with a trouble, frames, grades.

Shown as the data have them: `*` is up to six signs, {a|b} one of them, 〈甲、乙等〉 a class of words by
its first two, spelt out in the section of words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from care.protocol import protocol
from language.concepts import expand, says
from language.lexicon import table
from reports.rulebook.words import word

_CLASS = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_TITLE = 2
_JOINS = {"~": "…", ",": "，", "&": "＋"}


@dataclass(frozen=True, slots=True)
class Heard:
    """How one concept is heard. `names` are acute states that count only when happening now."""

    code: str
    label: str
    phrases: tuple[str, ...]
    names: tuple[str, ...]
    composed: tuple[str, ...]
    frames: tuple[str, ...]
    graded: tuple[str, ...]

    @property
    def silent(self) -> bool:
        return not (self.phrases or self.names or self.composed or self.frames or self.graded)


@lru_cache(maxsize=1)
def heard() -> dict[str, Heard]:
    """Every concept, in the order of findings.toml."""
    return {code: _heard(code) for code in protocol().concepts}


@lru_cache(maxsize=1)
def classes() -> dict[str, tuple[str, ...]]:
    """Every class of words by its title (〈胸口、胸等〉): parts, troubles, qualifiers, those of frames."""
    data, frames = table("concepts"), table("frames")
    groups = (data["parts"], data["troubles"], data["qualifiers"], frames["classes"])
    found: dict[str, tuple[str, ...]] = {}
    for members in (tuple(members) for group in groups for members in group.values()):
        title = _title(members)
        found[title] = tuple(dict.fromkeys((*found.get(title, ()), *members)))
    return found


def _title(members: Sequence[str]) -> str:
    """What a class is called: its first two words."""
    shown = [one for member in members[:_TITLE] for one in expand(member)][:_TITLE]
    return f"〈{'、'.join(shown)}等〉"


def _heard(code: str) -> Heard:
    data = table("concepts")
    frames = table("frames")["frames"].get(code, [])
    return Heard(
        code=code,
        label=protocol().concepts[code].label,
        phrases=tuple(map(_shown, data["phrases"].get(code, ()))),
        names=tuple(map(_shown, data["diseases"].get(code, ()))),
        composed=tuple(_composed(code, data)),
        frames=tuple(_frame(text) for text in frames),
        graded=tuple(_graded(code, data)),
    )


def _shown(entry: str | Mapping[str, str]) -> str:
    """The expression as written, with the source of its own when it has one."""
    if isinstance(entry, str):
        return entry
    confidence = word("confidence", entry.get("confidence", "memory"))
    return f"{says(entry)}（{entry.get('source', 'EDITOR')}，{confidence}）"


def _composed(code: str, data: Mapping[str, Any]) -> list[str]:
    return [
        f"{_title(data['parts'][part])}…{_title(data['troubles'][trouble])}{side}"
        for rule in data["compose"]
        for trouble, concept in rule["trouble"].items()
        for wanted, side in _sided(code, data)
        if concept == wanted
        for part in rule["part"]
    ]


def _sided(code: str, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The concepts that become this one, and on which side."""
    names = {"one": "（一侧）", "both": "（两侧）", "none": "（没说哪侧）"}
    return [
        (code, ""),
        *(
            (before, names[side])
            for side, table_ in data["sided"].items()
            for before, after in table_.items()
            if after == code
        ),
    ]


def _graded(code: str, data: Mapping[str, Any]) -> list[str]:
    concepts = protocol().concepts
    return [
        "、".join(
            concepts[one].label if one in concepts else word("between", one) for one in grade["of"]
        )
        + "".join(f" ＋{_qualifier(name)}" for name in grade.get("with", ()))
        + "".join(f" 无{_qualifier(name)}" for name in grade.get("without", ()))
        for grade in data["grade"]
        if grade["concept"] == code
    ]


def _qualifier(name: str) -> str:
    return _title(table("concepts")["qualifiers"][name])


def _frame(text: str) -> str:
    """One line of [frames] with its joins as signs and its classes marked."""
    pieces: list[str] = []
    for part in text.split():
        if part in _JOINS:
            pieces.append(_JOINS[part])
        elif part.startswith("!"):
            pieces.append(f"（不与{_named(part[1:])}同句）")
        else:
            pieces.append(_named(part))
    return "".join(pieces)


def _named(part: str) -> str:
    if _CLASS.fullmatch(part):
        return _title(table("frames")["classes"][part])
    return part.strip("()").replace("|", "/") if "{" not in part else part.strip("()")
