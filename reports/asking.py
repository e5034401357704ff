"""Questions that the figures raise about how values are written down: never a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.report import Report, Row

_KEY = "quality"


@dataclass(frozen=True, slots=True)
class Question:
    """Something worth asking at a place, and what may well explain it."""

    place: str
    text: str
    perhaps: str


def questions(report: Report) -> tuple[Question, ...]:
    """What is worth asking in each part of the area."""
    table = report.table(_KEY)
    rows = table.rows or (table.total,)
    names = {table.total.id: report.area.name}
    return tuple(
        question for row in rows for question in _of(report, row, names.get(row.id, row.name))
    )


def _of(report: Report, row: Row, name: str) -> Iterator[Question]:
    rules = report.definitions.rules
    number = {key.removeprefix(f"{_KEY}."): value for key, value in row.values.items()}
    values = number["values"].number
    if values is None or values < rules.digit_values:
        return
    share = number["zero_share"].number
    if share is not None and share > rules.digit_share:
        yield Question(
            name,
            f"{values} 次门诊血压里，高压末位是 0 的占 {number['zero_share'].text}"
            "（每个数字机会相同时约 10%）。方便时可以问问：血压计的刻度怎么读、数字是怎么记的？",
            "水银柱或老式血压计常只读到整十或双数。",
        )
    ratio = number["ratio"].number
    if ratio is not None and ratio > rules.ratio:
        below, above = number["below"].text, number["above"].text
        yield Question(
            name,
            f"高压刚好在线下的有 {below} 次，刚好在线上的有 {above} 次。方便时可以问问："
            "接近线的时候，是怎么量、怎么取数的？",
            "控制得好的村本来就是线下多；重测后取平均也会这样。",
        )
