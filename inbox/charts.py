"""Readings over time as inline SVG, coloured by the style sheet.

The page's policy allows no style and no script inside, so everything pygal adds of that kind is
taken out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pygal
from markupsafe import Markup
from pygal.style import Style

from care.reading import UNITS, Kind
from care.targets import Setting
from inbox.drawing import bare
from inbox.lines import Line, lines_of
from inbox.moments import clock
from inbox.standing import value_of
from inbox.words import label
from records.dossier import Dossier
from records.readings import UNCONFIRMED, VALID
from records.tables import StoredReading
from records.times import CHINA

NEAR = timedelta(days=90)
FAR = timedelta(days=366)
_ENOUGH = 3
# Narrow, so that the labels are still read when a phone shrinks the drawing.
_WIDTH, _HEIGHT = 340, 240
_LABEL_SIZE = 15
_X_LABELS = 3
_Y_LABELS = 6
_STEPS = (1, 2, 5, 10, 20, 50)
CLINIC = "clinic"
_GLUCOSE = ("fasting", "postprandial", "bedtime", "random")

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of dots. `tone` is the class that colours it."""

    name: str
    tone: str
    points: Points
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with the sentence that says the same in words, and its legend."""

    title: str
    unit: str
    svg: Markup
    summary: str
    legend: tuple[tuple[str, str], ...]


def charts_of(person: Dossier, now: datetime) -> tuple[Chart, ...]:
    """Blood pressure and glucose, each when there is anything to draw."""
    charts = []
    for kind in (Kind.BP, Kind.GLUCOSE):
        rows = [row for row in person.readings if row.kind == kind and row.state in VALID]
        near = [row for row in rows if row.taken_at >= now - NEAR]
        chosen, span = (near, NEAR) if len(near) >= _ENOUGH else (rows, FAR)
        if chosen:
            charts.append(
                _chart(kind, chosen, lines_of(person, kind, chosen, now), now - span, now)
            )
    return tuple(charts)


def _chart(
    kind: Kind, rows: Sequence[StoredReading], lines: Sequence[Line], since: datetime, now: datetime
) -> Chart:
    drawn = [one for one in _series(kind, rows) if one.points]
    months = "近三个月" if now - since <= NEAR else "近一年"
    first = min(row.taken_at for row in rows)
    start = max(since, first - (now - first) / 20)
    svg = _draw(drawn, lines, start.timestamp(), now.timestamp())
    last = rows[0]
    summary = f"{months}{len(rows)} 次，最近一次 {value_of(last)} {UNITS[kind]}（{clock(last.taken_at, now)}）"
    return Chart(label("kind", kind), UNITS[kind], svg, summary, _legend(drawn, lines))


def _series(kind: Kind, rows: Sequence[StoredReading]) -> list[Series]:
    """Home and clinic are told apart by their marks, and only what was taken in one is joined."""
    sure = [row for row in rows if row.state != UNCONFIRMED]
    unsure = [row for row in rows if row.state == UNCONFIRMED]
    home = [row for row in sure if row.setting != Setting.CLINIC]
    clinic = [row for row in sure if row.setting == Setting.CLINIC]
    made = [*_lines(kind, home), *(_at_clinic(one) for one in _lines(kind, clinic))]
    columns = ("systolic", "diastolic") if kind is Kind.BP else ("value",)
    waiting = [point for column in columns for point in _points(unsure, column)]
    return [*made, Series("待确认", "unsure", waiting, joined=False)]


def _lines(kind: Kind, rows: Sequence[StoredReading]) -> list[Series]:
    if kind is Kind.BP:
        return [
            Series("高压", "systolic", _points(rows, "systolic")),
            Series("低压", "diastolic", _points(rows, "diastolic")),
        ]
    return [
        Series(
            label("glucose", context),
            context,
            _points([row for row in rows if (row.context or "random") == context], "value"),
        )
        for context in _GLUCOSE
    ]


def _at_clinic(series: Series) -> Series:
    return replace(series, tone=f"{series.tone} {CLINIC}", joined=False)


def _legend(drawn: Sequence[Series], lines: Sequence[Line]) -> tuple[tuple[str, str], ...]:
    """Each colour once, then what the marks mean, then the lines."""
    colours = {one.tone.partition(" ")[0]: one.name for one in drawn}
    at_clinic = [(CLINIC, "方块是门诊测的")] if any(CLINIC in one.tone for one in drawn) else []
    return (*colours.items(), *at_clinic, *((line.tone, line.name) for line in _once(lines)))


def _points(rows: Sequence[StoredReading], column: str) -> Points:
    found = [(row.taken_at.timestamp(), getattr(row, column)) for row in rows]
    return sorted((at, float(value)) for at, value in found if value is not None)


def _draw(series: Sequence[Series], lines: Sequence[Line], start: float, end: float) -> Markup:
    values = [value for one in series for _, value in one.points]
    marks = _scale([*values, *(line.value for line in lines)])
    chart = pygal.XY(
        width=_WIDTH,
        height=_HEIGHT,
        style=Style(label_font_size=_LABEL_SIZE),
        margin=4,
        margin_top=12,
        margin_right=14,
        show_legend=False,
        show_x_guides=False,
        xrange=(start, end),
        range=(marks[0], marks[-1]),
        dots_size=4,
        explicit_size=False,
        disable_xml_declaration=True,
        no_prefix=True,
        js=[],
        css=[],
        no_data_text="",
        truncate_label=-1,
    )
    chart.x_labels = _days(start, end)
    chart.x_value_formatter = lambda _at: ""
    chart.y_labels = marks
    chart.value_formatter = lambda value: f"{value:g}"
    tones = []
    for line in lines:
        tones.append(line.tone)
        chart.add("", [(start, line.value), (end, line.value)], show_dots=False)
    for one in series:
        tones.append(one.tone)
        chart.add("", one.points, stroke=one.joined)
    chart.add_xml_filter(lambda root: _squared(bare(root, tones)))
    return Markup(chart.render(is_unicode=True))  # noqa: S704 - numbers and our own labels only


def _scale(values: Sequence[float]) -> list[float]:
    """Round marks around the values: a handful, whatever the range."""
    low, high = min(values), max(values)
    step: float = next(
        (step for step in _STEPS if (high - low) / step <= _Y_LABELS - 1), _STEPS[-1]
    )
    mark = low // step * step
    marks = [mark]
    while marks[-1] < high:
        mark += step
        marks.append(mark)
    return marks if len(marks) > 1 else [mark - step, mark, mark + step]


def _days(start: float, end: float) -> list[dict[str, Any]]:
    span = (end - start) / _X_LABELS
    moments = [start + span * (n + 0.5) for n in range(_X_LABELS)]
    labels: list[dict[str, Any]] = []
    for moment in moments:
        there = datetime.fromtimestamp(moment, CHINA)
        day = f"{there.month}月{there.day}日"
        if not any(known["label"] == day for known in labels):
            labels.append({"label": day, "value": moment})
    return labels


def _once(lines: Sequence[Line]) -> list[Line]:
    """One entry in the legend for the two halves of a pressure."""
    seen: dict[str, Line] = {}
    for line in lines:
        seen.setdefault(line.name, line)
    return list(seen.values())


def _squared(root: Any) -> Any:
    """Square marks instead of round ones for what was taken at the clinic."""
    at_clinic = [one for one in root.iter() if CLINIC in one.get("class", "").split()]
    for dot in [dot for one in at_clinic for dot in one.iter() if str(dot.tag).endswith("circle")]:
        x, y, r = (float(dot.attrib.pop(name)) for name in ("cx", "cy", "r"))
        dot.tag = dot.tag.replace("circle", "rect")
        for name, value in (("x", x - r), ("y", y - r), ("width", 2 * r), ("height", 2 * r)):
            dot.set(name, f"{value:g}")
    return root
