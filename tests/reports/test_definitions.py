"""Every figure is defined, sourced, and in the document."""

from __future__ import annotations

from pathlib import Path

import pytest

from care.line import Setting
from care.situation import Background
from care.targets import pressure_cutoff
from reports.definition import Figure, Kind, definitions, settings_words

KNOWN = definitions()
FIGURES = list(KNOWN.figures())
DOCUMENT = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: one.key)
def test_a_figure_says_what_is_counted_and_on_whose_word(figure: Figure) -> None:
    assert figure.definition.endswith("。")
    assert figure.source.endswith("。")
    assert "{" not in f"{figure.name}{figure.definition}{figure.source}"


def test_keys_and_names_are_unique() -> None:
    assert len({one.key for one in FIGURES}) == len(FIGURES)
    for table in KNOWN.tables:
        assert len({one.name for one in table.figures}) == len(table.figures)


def test_rates_partitions_and_parts_are_made_of_figures_that_exist() -> None:
    keys = {one.key for one in FIGURES}
    named = {key for one in FIGURES for key in (*one.over, *one.under)}
    named |= {key for one in FIGURES for key in (one.part_of, one.same_as, one.events) if key}
    named |= {
        key for table in KNOWN.tables for p in table.partitions for key in (p.whole, *p.parts)
    }
    assert named <= keys
    for one in FIGURES:
        assert bool(one.over and one.under) == (one.kind in {Kind.RATE, Kind.RATIO})


def test_the_two_families_never_share_the_name_of_a_rate() -> None:
    def rates(family: str) -> set[str]:
        return {one.name for one in FIGURES if one.key.startswith(family) and one.kind is Kind.RATE}

    assert rates("nbphs")
    assert rates("hearts")
    assert not rates("nbphs") & rates("hearts")


def test_the_document_has_a_line_for_every_figure_and_no_other() -> None:
    names = {one.key: one.name for one in FIGURES}
    expected = []
    for table in KNOWN.tables:
        for one in table.figures:
            over, under = (" + ".join(names[key] for key in keys) for keys in (one.over, one.under))
            of = f"{over} ÷ {under}" if over else ""
            expected.append(f"| {table.title} | {one.name} | {one.kind} | {of} |")
    lines = DOCUMENT.partition("| table | figure |")[2].splitlines()[2:]
    assert lines[: len(expected)] == expected
    assert not lines[len(expected)].startswith("|")


def test_the_cut_off_is_the_one_of_the_protocol() -> None:
    line = pressure_cutoff(Background(age=40), Setting.CLINIC)
    controlled = next(one for one in FIGURES if one.key == "nbphs.hypertension.controlled")
    assert f"低于 {line.systolic:g}" in controlled.definition
    assert "待医生审核" in controlled.definition


def test_the_choices_are_told_in_words() -> None:
    readings, prorated, closing = settings_words(KNOWN.rules)
    assert "门诊" in readings
    assert "90 天" in prorated
    assert "10 天" in closing
