"""What an answer was about, as codes: what a question that leans on it needs, and no word of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Topic:
    """What was just talked about.

    `foods` are own names of the food table, `about` the diseases the answer was for, `ailments` what
    else the person has that changes it. `told_long`: the longer text has been told already.
    `alarm`: there was an alarm, and nothing of before is meant any more.
    """

    foods: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    about: frozenset[str] = frozenset()
    ailments: frozenset[str] = frozenset()
    told_long: bool = False
    alarm: bool = False

    def codes(self) -> dict[str, Any]:
        """The topic as it is kept in a row."""
        return {
            "foods": list(self.foods),
            "articles": list(self.articles),
            "about": sorted(self.about),
            "ailments": sorted(self.ailments),
            "told_long": self.told_long,
            "alarm": self.alarm,
        }

    @classmethod
    def of(cls, codes: Mapping[str, Any]) -> Topic:
        """The topic that was kept; what is missing is empty."""
        return cls(
            foods=tuple(map(str, codes.get("foods", ()))),
            articles=tuple(map(str, codes.get("articles", ()))),
            about=frozenset(map(str, codes.get("about", ()))),
            ailments=frozenset(map(str, codes.get("ailments", ()))),
            told_long=bool(codes.get("told_long")),
            alarm=bool(codes.get("alarm")),
        )
