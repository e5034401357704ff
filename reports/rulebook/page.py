"""The document as a page to print and as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from reports.rulebook.book import Book, Section, book
from reports.rulebook.words import FOLDER, words

_STATE = {"pending": "待审", "signed": "已签", "outdated": "签字已过期（签后数据有改动）"}


def as_html(made: Book | None = None) -> str:
    """One page, nothing loaded from elsewhere."""
    return _page().render(book=made or book(), words=words(), state=_STATE)


def as_text(made: Book | None = None) -> str:
    """The same for a terminal or a mail; the words of concepts are left to the page."""
    return "\n".join(_lines(made or book())) + "\n"


def _lines(made: Book) -> Iterator[str]:
    yield f"{words()['title']}  版本 {made.version}  数据摘要 {made.digest}"
    yield "  ".join(f"待审{name} {left}/{whole}" for name, (left, whole) in made.counts.items())
    for number, section in enumerate(made.sections, start=1):
        yield ""
        yield f"{number}. {section.name} [{section.id}]  {_STATE[section.state]}  摘要 {section.digest}"
        yield from _body(section)


def _body(section: Section) -> Iterator[str]:
    if section.asked:
        yield f"   来源要求：{section.asked}；本程序最急：{section.built}"
    for row in section.items:
        yield f"   · {row.says}：{row.level}（{'、'.join(row.rules)}）"
    for rule in section.rules:
        yield f"   [{rule.level_word}] {rule.id}：{rule.when}"
        yield f"      → {rule.says}"
    for table in section.tables:
        if table.dense:
            continue
        yield f"   {table.title}"
        yield from ("      " + " | ".join(row) for row in table.rows)


@lru_cache(maxsize=1)
def _page() -> Template:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made.get_template("page.html")
