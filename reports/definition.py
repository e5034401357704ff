"""Every figure and its definition, read from data, with the cut-offs of the protocol filled in."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from care.situation import Programme
from care.targets import Setting
from reports import wording

_FILE = Path(__file__).parent / "definitions.toml"


class Kind(StrEnum):
    """What sort of number a figure is."""

    COUNT = "count"
    RATE = "rate"
    RATIO = "ratio"
    ESTIMATE = "estimate"
    MEDIAN = "median"
    P90 = "p90"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. Keys are whole ("nbphs.hypertension.managed") and unique.

    `over` and `under` are the figures whose sums make a rate; `events` is the count that stands
    behind a median; `same_as` is a figure of another table that is always the same number.
    """

    key: str
    name: str
    definition: str
    source: str
    kind: Kind = Kind.COUNT
    over: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    part_of: str | None = None
    same_as: str | None = None
    events: str | None = None
    tile: bool = False
    trend: bool = False


@dataclass(frozen=True, slots=True)
class Partition:
    """Parts that always sum to the whole."""

    whole: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """Figures that stand together, and what holds for all of them."""

    key: str
    title: str
    about: str
    figures: tuple[Figure, ...]
    partitions: tuple[Partition, ...]
    by: str = "place"

    def figure(self, name: str) -> Figure:
        """The figure with this short name."""
        return next(one for one in self.figures if one.key == f"{self.key}.{name}")


@dataclass(frozen=True, slots=True)
class Rules:
    """How the official wording is read here; see the file."""

    readings: tuple[str, ...]
    prorated: bool
    days_per_visit: int
    close_after_days: int
    history_months: int
    digit_values: int
    digit_share: float
    band: int
    ratio: float
    quality_months: int


@dataclass(frozen=True, slots=True)
class Definitions:
    """All tables in the order of the page."""

    version: str
    review: str
    smallest_cell: int
    rules: Rules
    tables: tuple[TableDefinition, ...]

    def figures(self) -> Iterator[Figure]:
        for table in self.tables:
            yield from table.figures


@lru_cache(maxsize=1)
def definitions() -> Definitions:
    """The definitions in use, read once per process."""
    return load(_FILE)


def load(path: Path) -> Definitions:
    """Read a file of definitions."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    settings = {**data["rules"], "readings": tuple(data["rules"]["readings"])}
    rules = Rules(**settings)
    tables = tuple(
        made for table in data["table"] for made in _expanded(table, data, wording.common(settings))
    )
    return Definitions(
        version=data["meta"]["version"],
        review=data["meta"]["review"],
        smallest_cell=data["meta"]["smallest_cell"],
        rules=rules,
        tables=tables,
    )


def _expanded(
    table: Mapping[str, Any], data: Mapping[str, Any], common: Mapping[str, str]
) -> Iterator[TableDefinition]:
    """The table once, or once for each programme or level it is kept for."""
    if "programmes" in table:
        for code in table["programmes"]:
            words = wording.of_programme(Programme(code), data["programmes"][code], data["rules"])
            yield _table(table, data, {**common, **words, "programme": code}, code)
    elif "levels" in table:
        for level in table["levels"]:
            yield _table(table, data, {**common, **wording.of_level(level)}, level)
    else:
        yield _table(table, data, common, None)


def _table(
    table: Mapping[str, Any], data: Mapping[str, Any], words: Mapping[str, str], part: str | None
) -> TableDefinition:
    prefix = f"{table['key']}.{part}" if part else table["key"]
    entries = [
        entry
        for entry in data["figure"]
        if entry["table"] == table["key"] and part in entry.get("programmes", [part])
    ]
    known = {entry["key"] for entry in entries}

    def whole(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{prefix}.{name}" for name in names if name in known)

    def figure(entry: Mapping[str, Any]) -> Figure:
        over, under = entry.get("of", ((), ()))
        source = data["sources"][entry["source"].format(**words)]
        return Figure(
            key=f"{prefix}.{entry['key']}",
            name=entry["name"].format(**words),
            definition=entry["definition"].format(**words),
            source=f"{source}。",
            kind=Kind(entry.get("kind", "count")),
            over=whole(over),
            under=whole(under),
            part_of=next(iter(whole([entry["part_of"]])), None) if "part_of" in entry else None,
            same_as=entry["same_as"].format(**words) if "same_as" in entry else None,
            events=f"{prefix}.{entry['events']}" if "events" in entry else None,
            tile=entry.get("tile", False),
            trend=entry.get("trend", False),
        )

    return TableDefinition(
        key=prefix,
        title=table["title"].format(**words),
        about=table["about"].format(**words),
        figures=tuple(figure(entry) for entry in entries),
        partitions=tuple(
            Partition(f"{prefix}.{one['whole']}", whole(one["parts"]))
            for one in table["partitions"]
        ),
        by=table.get("by", "place"),
    )


def settings_words(rules: Rules) -> tuple[str, ...]:
    """The choices of `[rules]` in words, for the page."""
    places = "、".join({"clinic": "门诊", "home": "家里"}[one] for one in rules.readings)
    prorated = (
        f"应有次数按本年在管天数折算，每满 {rules.days_per_visit} 天一次"
        if rules.prorated
        else "应有次数不折算，一律按全年要求"
    )
    return (
        f"进控制率的测量：{places}量的、已确认的。",
        f"规范管理率：{prorated}。",
        f"每个月过完满 {rules.close_after_days} 天封存，之后的更正另外记，不改原来的数。",
    )


def setting_names(rules: Rules) -> frozenset[Setting]:
    """The settings whose readings may count."""
    return frozenset(Setting(one) for one in rules.readings)
