"""The tables of a report as rows and columns: what the page, the sheets, the PDF and the API print."""

from __future__ import annotations

from dataclasses import dataclass

from reports.definition import Figure, settings_words
from reports.report import Report, Table
from reports.value import Value

FIGURE = "指标"
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Line:
    """A figure and its values, the sum first."""

    figure: Figure
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with its header."""

    key: str
    title: str
    about: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]


def grids(report: Report) -> tuple[Grid, ...]:
    """All tables of a report."""
    return tuple(_grid(table) for table in report.tables)


def _grid(table: Table) -> Grid:
    rows = table.all_rows()
    return Grid(
        key=table.definition.key,
        title=table.definition.title,
        about=table.definition.about,
        header=(FIGURE, *(row.name for row in rows)),
        lines=tuple(
            Line(figure, tuple(row.values[figure.key] for row in rows)) for figure in table.figures
        ),
    )


def title(report: Report) -> str:
    """What stands on top."""
    return f"{report.area.name} {report.month.year}年{report.month.month}月"


def remarks(report: Report) -> tuple[str, ...]:
    """What has to be known beside the numbers, in sentences."""
    known = report.definitions
    words = [f"定义版本 {known.version}，待卫健部门和医生审核。", *settings_words(known.rules)]
    if report.closed_at:
        words.append(f"本月已封存，之后有 {corrections_text(report)}。")
    else:
        words.append("本月还没有封存，数字还会变。")
    if report.small_hidden:
        words.append(
            f"少于 {known.smallest_cell} 的数不显示；＊是为了防止推算而隐去的数；"
            "没过完的月份不显示到村。"
        )
    words.append("管理人群的控制率不等于全体居民的效果。")
    return tuple(words)


def corrections_text(report: Report) -> str:
    """How many corrections came after closing."""
    number = sum(one.changes for one in report.corrections)
    if any(one.few for one in report.corrections):
        return f"{number} 处以上更正" if number else "少量更正"
    return f"{number} 处更正"


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
