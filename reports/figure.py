"""A figure and its definition; the definitions are data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from care.line import PressureCutoff
from care.protocol import protocol
from care.protocol_file import Confidence, Review
from care.targets import Setting

_FILE = Path(__file__).parent / "definitions.toml"
_CONFIDENCE = {
    Confidence.HIGH: "多处原文一致",
    Confidence.LOW: "只有一处原文",
    Confidence.MEMORY: "未见原文，待核",
}
_REVIEW = {Review.PENDING: "待医生审核", Review.SIGNED: "已审核"}


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure counts, and on whose word. `of` is the figure it is a part of."""

    key: str
    group: str
    name: str
    definition: str
    source: str
    of: str | None = None
    per_event: bool = False


@dataclass(frozen=True, slots=True)
class Definitions:
    """All figures in the order of the page, and the size below which a count could point at someone."""

    version: str
    smallest_cell: int
    own_source: str
    figures: tuple[Definition, ...]


@lru_cache(maxsize=1)
def definitions() -> Definitions:
    """The definitions in use, read once per process."""
    with _FILE.open("rb") as file:
        data = tomllib.load(file)
    figures = tuple(
        Definition(
            key=entry["key"],
            group=entry["group"],
            name=entry["name"],
            definition=entry["definition"],
            source=_source(data["sources"][entry["source"]], entry.get("cutoff")),
            of=entry.get("of"),
            per_event=entry.get("per_event", False),
        )
        for entry in data["figure"]
    )
    return Definitions(
        version=data["meta"]["version"],
        smallest_cell=data["meta"]["smallest_cell"],
        own_source=_source(data["sources"]["suifang"], None),
        figures=figures,
    )


def _source(text: str, setting: str | None) -> str:
    """The source in words; for a cut-off with its numbers, as the protocol has them."""
    if setting is None:
        return f"{text}。"
    cutoffs = [c for c in protocol().lines.pressure_cutoffs if c.setting is Setting(setting)]
    return f"{text}：{'；'.join(_cutoff(cutoff) for cutoff in cutoffs)}。"


def _cutoff(cutoff: PressureCutoff) -> str:
    who = f"{cutoff.age_from} 岁及以上" if cutoff.age_from else "其他人（含年龄不详）"
    origin = cutoff.origin
    return (
        f"{who}低于 {cutoff.systolic:g}/{cutoff.diastolic:g} mmHg"
        f"（{origin.source.title}，{origin.source.edition}；"
        f"{_CONFIDENCE[origin.confidence]}，{_REVIEW[origin.review]}）"
    )
