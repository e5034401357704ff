"""Rates over the months and beside each other, as inline SVG with the same numbers in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pygal
from markupsafe import Markup
from pygal.style import Style

from inbox.drawing import bare
from reports.trend import Bars, Course
from reports.value import Value

_WIDTH, _HEIGHT = 340, 230
_BAR, _AROUND_BARS = 34, 56
_LABEL_SIZE = 14
_TONES = ("first", "second")
_MARKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing, its legend (tone, name), and every number of it in words."""

    title: str
    svg: Markup
    legend: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def trend_plots(courses: Sequence[Course]) -> tuple[Plot, ...]:
    """One drawing for each disease, with both control rates in it."""
    plots = []
    for part in _by_part(courses):
        drawn = [one for one in part if any(v.number is not None for v in one.values.values())]
        if drawn:
            plots.append(_trend(drawn))
    return tuple(plots)


def bar_plots(bars: Sequence[Bars]) -> tuple[Plot, ...]:
    """One drawing for each rate, with a bar for each part that has a number."""
    plots = []
    for one in bars:
        shown = [(name, value) for name, value in one.values if value.number is not None]
        if shown:
            plots.append(_bars(one, shown))
    return tuple(plots)


def _by_part(courses: Sequence[Course]) -> list[list[Course]]:
    """Together what is about the same disease."""
    found: dict[str, list[Course]] = {}
    for one in courses:
        found.setdefault(one.figure.key.split(".")[1], []).append(one)
    return list(found.values())


def _trend(drawn: Sequence[Course]) -> Plot:
    months = list(drawn[0].values)
    chart = pygal.Line(
        **_options(_HEIGHT),
        x_labels_major_every=max(1, len(months) // 4),
        show_minor_x_labels=False,
    )
    chart.x_labels = [f"{month.month}月" for month in months]
    for one in drawn:
        chart.add("", [_percent(value) for value in one.values.values()])
    tones = _TONES[: len(drawn)]
    return Plot(
        title="、".join(one.figure.name for one in drawn),
        svg=_rendered(chart, tones),
        legend=tuple(zip(tones, (one.figure.name for one in drawn), strict=True)),
        lines=tuple(
            (
                one.figure.name,
                tuple((f"{m.year}年{m.month}月", value.text) for m, value in one.values.items()),
            )
            for one in drawn
        ),
    )


def _bars(one: Bars, shown: Sequence[tuple[str, Value]]) -> Plot:
    # pygal takes a Chinese character for a narrow one: make room for the names.
    names = max(len(name) for name, _ in shown) * _LABEL_SIZE
    chart = pygal.HorizontalBar(
        **{**_options(_AROUND_BARS + _BAR * len(shown)), "margin_left": 4 + names // 2}
    )
    # Drawn from the bottom up.
    chart.x_labels = [name for name, _ in reversed(shown)]
    chart.add("", [_percent(value) for _, value in reversed(shown)])
    return Plot(
        title=one.figure.name,
        svg=_rendered(chart, _TONES),
        legend=(),
        lines=((one.figure.name, tuple((name, value.text) for name, value in one.values)),),
    )


def _options(height: int) -> dict[str, object]:
    return {
        "width": _WIDTH,
        "height": height,
        "style": Style(label_font_size=_LABEL_SIZE),
        "margin": 4,
        "margin_top": 12,
        "margin_right": 14,
        "show_legend": False,
        "range": (_MARKS[0], _MARKS[-1]),
        "y_labels": _MARKS,
        "value_formatter": lambda value: f"{value:g}%",
        "dots_size": 4,
        "explicit_size": False,
        "disable_xml_declaration": True,
        "no_prefix": True,
        "js": [],
        "css": [],
        "truncate_label": 9,
        "print_values": False,
    }


def _percent(value: Value) -> float | None:
    return None if value.number is None else min(round(value.number * 100, 1), _MARKS[-1])


def _rendered(chart: pygal.Graph, tones: Sequence[str]) -> Markup:
    chart.add_xml_filter(lambda root: bare(root, tones))
    return Markup(chart.render(is_unicode=True))  # noqa: S704 - autoescaped names, our own numbers
