"""Why a value or a row was not taken, or was taken in spite of its shape: codes and their sentences."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).with_name("reasons.toml")


class Weight(StrEnum):
    """What a reason does to the row."""

    FATAL = "fatal"
    LEFT_OUT = "left_out"
    REPAIRED = "repaired"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said for a code."""

    weight: Weight
    text: str


@lru_cache(maxsize=1)
def sentences() -> dict[str, Sentence]:
    found = tomllib.loads(_FILE.read_text("utf-8"))
    return {code: Sentence(Weight(one["weight"]), one["text"]) for code, one in found.items()}


@dataclass(frozen=True, slots=True)
class Note:
    """What happened to a value: a code of reasons.toml and the field it is about."""

    code: str
    field: str = ""

    @property
    def weight(self) -> Weight:
        return sentences()[self.code].weight

    def as_row(self) -> dict[str, str]:
        return {"code": self.code, "field": self.field}

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Note:
        return cls(row["code"], row["field"])


class Reason(StrEnum):
    """Why a cell is refused."""

    PHONE_SCIENTIFIC = "phone_scientific"
    PHONE_SHORT = "phone_short"
    PHONE_WRONG = "phone_wrong"
    PHONE_UNREADABLE = "phone_unreadable"
    IDENTITY_EATEN = "identity_eaten"
    IDENTITY_LENGTH = "identity_length"
    IDENTITY_UNREADABLE = "identity_unreadable"
    IDENTITY_CHECK = "identity_check"
    IDENTITY_BIRTHDAY = "identity_birthday"
    DATE_LUNAR = "date_lunar"
    DATE_ORDER = "date_order"
    DATE_CENTURY = "date_century"
    DATE_IMPOSSIBLE = "date_impossible"
    DATE_FUTURE = "date_future"
    DATE_UNREADABLE = "date_unreadable"
    SEX_UNCLEAR = "sex_unclear"
    FLAG_UNCLEAR = "flag_unclear"
    PROGRAMME_OTHER = "programme_other"
    STATUS_UNCLEAR = "status_unclear"
    PRESSURE_UNREADABLE = "pressure_unreadable"
    PRESSURE_DOUBTFUL = "pressure_doubtful"
    GLUCOSE_UNREADABLE = "glucose_unreadable"
    GLUCOSE_DOUBTFUL = "glucose_doubtful"
    GLUCOSE_UNIT = "glucose_unit"
    HEIGHT_UNREADABLE = "height_unreadable"
    NAME_WRONG = "name_wrong"
    VILLAGE_UNKNOWN = "village_unknown"
    VILLAGE_AMBIGUOUS = "village_ambiguous"


class RefusedError(ValueError):
    """A value that cannot be used as it stands. `code` is a code of reasons.toml."""

    def __init__(self, code: Reason) -> None:
        super().__init__(code)
        self.code = code
