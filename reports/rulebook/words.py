"""Chinese names for what the data call by code: values, shared conditions, measures, roles."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from care.measure import Measure
from care.protocol import Protocol, protocol

FOLDER = Path(__file__).parent
_SIGNS = {">=": "≥", "<=": "≤", ">": "＞", "<": "＜"}


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "words.toml").read_text("utf-8"))


def word(group: str, code: str) -> str:
    """The Chinese name of a code.

    Raises:
        KeyError: nobody wrote one; a test reads them all.
    """
    return str(words()[group][code])


def unit(code: str) -> str:
    return str(words()["unit"].get(code, code))


def fact(name: str) -> str:
    """A fact of a rule as a clinician reads it: a complaint, a comparison, something about the person."""
    known = protocol()
    if name in known.concepts:
        return known.concepts[name].label
    kind, _, code = name.partition(":")
    if kind == "drug":
        return f"档案记有{known.drugs[code]}"
    if name in words()["fact"]:
        return word("fact", name)
    return _comparison(name, known)


def _comparison(name: str, known: Protocol) -> str:
    measure, sign, value = name.split()
    found = known.values[value]
    shown = "" if measure == Measure.AGE else f" {found.unit}"
    return f"{word('measure', measure)}{_SIGNS[sign]}{found.value:g}{shown}"
