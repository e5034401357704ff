"""The document for clinicians says everything that decides, and a signature names what it signs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from care.coverage import coverage
from care.level import Level
from care.protocol import protocol
from care.signature import Signature
from language.judgement import highest, judge
from language.lexicon import table
from language.reader import read
from reports.rulebook.book import Book, Section, book
from reports.rulebook.condition import in_words
from reports.rulebook.digest import LENGTH, digest, of_all_data, of_files
from reports.rulebook.expressions import _shown, heard
from reports.rulebook.page import as_html, as_text
from reports.rulebook.words import fact, words
from texts.catalogue import catalogue


@pytest.fixture(scope="module")
def made() -> Book:
    return book()


@pytest.fixture(scope="module")
def page(made: Book) -> str:
    return as_html(made)


def test_every_set_list_and_part_is_a_section(made: Book) -> None:
    assert [one.id for one in made.sections] == [one.id for one in coverage().sections]
    assert [line.id for line in made.lines] == [one.id for one in coverage().sets]


def test_every_rule_is_printed_with_the_words_of_its_patient(made: Book) -> None:
    printed = {row.id: row.says for section in made.sections for row in section.rules}
    in_items = {rule for one in made.sections for item in one.items for rule in item.rules}
    for rule in protocol().book.rules:
        if rule.id in printed:
            assert printed[rule.id] == catalogue().sentence(rule.advice).text
        else:
            assert rule.id in in_items


def test_every_rule_stands_in_full_in_some_section(made: Book) -> None:
    printed = {row.id for section in made.sections for row in section.rules}
    assert {rule.id for rule in protocol().book.rules} == printed


def test_every_expression_is_printed_once_under_its_concept(made: Book) -> None:
    printed = [one.code for section in made.sections for one in section.heard]
    assert len(printed) == len(set(printed))
    said = {
        *table("concepts")["phrases"],
        *table("concepts")["diseases"],
        *table("frames")["frames"],
    }
    assert said & protocol().concepts.keys() <= set(printed)


def test_every_number_is_printed_once(made: Book) -> None:
    names = [
        row[0]
        for section in made.sections
        for table_ in section.tables
        if table_.title == "数值"
        for row in table_.rows
    ]
    assert sorted(names) == sorted(words()["value"][value] for value in protocol().values)


def test_every_code_has_a_chinese_word() -> None:
    known = protocol()
    assert words()["value"].keys() == known.values.keys()
    assert words()["defined"].keys() == known.book.defined.keys()
    noted = {rule.id for rule in known.book.rules if rule.origin.note}
    assert words()["remark"].keys() == noted
    for rule in known.book.rules:
        for name in rule.when.facts():
            assert re.search(r"[\u4e00-\u9fff]", fact(name)), name


def test_a_condition_reads_as_a_sentence() -> None:
    rules = {rule.id: rule.when for rule in protocol().book.rules}
    assert in_words(rules["pressure.emergency"]) == "〔血压到急转线〕 且 〔高血压急症的症状〕"
    assert in_words(rules["hypo.very_low"]) == "血糖（任何时候）＜2.8 mmol/L"
    assert "中至少2项" in in_words(rules["pregnancy.preeclampsia_signs"])
    shared = protocol().book.defined["pressure_crisis"]
    assert in_words(shared) == "高压≥180 mmHg 或 低压≥110 mmHg"


def test_a_concept_shows_how_it_is_heard() -> None:
    assert any("口水" in line for line in heard()["drooling"].phrases)
    assert _shown("木了") == "木了"
    assert (
        _shown({"says": "木了", "source": "GPHS3", "confidence": "low"}) == "木了（GPHS3，仅一处）"
    )
    assert heard()["stroke_said"].names
    assert any("〈" in line for line in heard()["chest_pain"].composed)
    assert any(line.startswith("头痛 ＋〈厉害") for line in heard()["severe_headache"].graded)
    assert any("同句" in line for line in heard()["face_droop"].frames)


@pytest.mark.parametrize("one", words()["context"], ids=lambda one: one["example"])
def test_an_example_of_what_does_not_count_is_judged_as_it_says(one: dict[str, str]) -> None:
    assert highest(judge(read(one["example"]))) is Level(one["heard"])


def test_everything_waits_for_a_signature(made: Book) -> None:
    assert all(left == whole > 0 for left, whole in made.counts.values())
    assert {section.state for section in made.sections} == {"pending"}


def signed(section: Section, digest: str) -> Section:
    name = Signature("王某某", "副主任医师", "清水县人民医院", date(2026, 12, 1), digest)
    return replace(section, signed=name)


def test_a_signed_section_shows_who_and_no_empty_line(made: Book) -> None:
    first = made.sections[0]
    page = as_html(replace(made, sections=(signed(first, first.digest),)))
    assert "王某某，副主任医师，清水县人民医院，2026-12-01" in page
    assert "意见（同意／修改／不同意）" not in page


def test_a_signature_for_other_data_is_shown_as_outdated(made: Book) -> None:
    first = signed(made.sections[0], "0000000000")
    assert first.state == "outdated"
    page = as_html(replace(made, sections=(first,)))
    assert "签字已过期" in page
    assert "意见（同意／修改／不同意）" in page


def test_a_digest_changes_with_what_it_stands_for_and_not_with_a_review(tmp_path: Path) -> None:
    file = tmp_path / "coverage.toml"
    file.write_text('id = "rf.stroke"\nreview = "pending"\n', "utf-8")
    before = of_files([file])
    file.write_text('id = "rf.stroke"\nreview = "signed by 王某某"\n', "utf-8")
    assert of_files([file]) == before
    file.write_text('id = "rf.strike"\nreview = "pending"\n', "utf-8")
    assert of_files([file]) != before
    assert digest(["甲"]) != digest(["乙"])
    assert len(of_all_data()) == LENGTH


def test_the_page_is_numbered_dated_and_signed_on_every_sheet(made: Book, page: str) -> None:
    assert "counter(page)" in page
    assert f"数据摘要 {made.digest}" in page
    assert page.count('class="seal"') == len(made.sections)
    assert page.count(f"全部数据摘要 {made.digest}") == len(made.sections)
    assert all(f'href="#{one.id}"' in page for one in made.sections)


def test_the_page_loads_nothing_from_elsewhere(page: str) -> None:
    assert "http" not in page
    assert "<script" not in page


def test_the_text_says_every_rule(made: Book) -> None:
    text = as_text(made)
    assert all(f" {rule.id}：" in text for rule in protocol().book.rules)
    assert all(item.says in text for section in made.sections for item in section.items)
    assert as_text() == text
