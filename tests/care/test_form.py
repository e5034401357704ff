"""The forms hold every row and code of the official ones, and what fills them obeys the rules."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.filling import Problem, fill, missing, spell, words
from care.form import FOLDER, BlankKind, Fill, Form, Mode, form, load
from care.plausibility import Doubt
from care.protocol import ProtocolError
from care.protocol_file import Confidence, Review
from care.situation import Programme

HTN, DM = form(Programme.HYPERTENSION), form(Programme.TYPE2_DIABETES)
OFFICIAL: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "official_forms.json").read_text(encoding="utf-8")
)
FORMS = {Programme.HYPERTENSION: HTN, Programme.TYPE2_DIABETES: DM}


def official() -> list[tuple[Form, dict[str, Any]]]:
    own = [(FORMS[Programme(p)], field) for p in FORMS for field in OFFICIAL[p]]
    return own + [(one, field) for one in FORMS.values() for field in OFFICIAL["extended"]]


@pytest.mark.parametrize(("one", "field"), official(), ids=lambda x: getattr(x, "title", None))
def test_every_official_row_and_code_is_there(one: Form, field: dict[str, Any]) -> None:
    row = next(row for row in one.rows if row.key == field["key"])
    if not str(field["no"]).startswith("x") and field["key"] != "symptoms_other":
        assert row.no == float(field["no"])
    if "codes" in field:
        coded = row.blanks[0]
        assert dict(coded.codes) == field["codes"]
        many = field["type"] == "multi_code"
        assert coded.kind is (BlankKind.CODES if many else BlankKind.CODE)
    if "current/target" in field["type"]:
        assert any(blank.aim for blank in row.blanks)


@pytest.mark.parametrize("one", FORMS.values(), ids=lambda one: one.title)
def test_every_row_says_where_it_comes_from_and_waits_for_a_clinician(one: Form) -> None:
    for row in one.rows:
        assert row.origin.source.title
        assert row.origin.section
        assert row.origin.confidence in Confidence
        assert row.origin.review is Review.PENDING


def test_the_same_number_is_another_symptom_on_the_other_form() -> None:
    assert HTN.blanks["symptoms"].codes["2"] == "头痛头晕"
    assert DM.blanks["symptoms"].codes["2"] == "多饮"


def test_what_is_felt_seen_or_signed_is_the_doctors_alone() -> None:
    alone = {row.key for one in FORMS.values() for row in one.rows if row.fill is Fill.DOCTOR_ONLY}
    assert {
        "dorsalis_pedis",
        "psych_adjust",
        "compliance_behavior",
        "doctor_signature",
        "signs_other",
        "drug_adjustment",
    } <= alone


def test_local_rows_can_be_switched_off(tmp_path: Path) -> None:
    copied(tmp_path, "extended.toml", "shown = true", "shown = false")
    plain = load(Programme.HYPERTENSION, tmp_path)
    assert "lost_reason" in HTN.blanks
    assert "lost_reason" not in plain.blanks


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('programme = "hypertension"', 'programme = "type2_diabetes"', "hypertension is expected"),
        ('kind = "date"', 'kind = "dates"', "must be one of"),
        ('alone = "1"', 'alone = "77"', "not one of the codes"),
        ('range = "systolic"', 'range = "sistolic"', "not in plausibility.toml"),
        ('label = "高压", unit = "mmHg", range = "systolic"', 'label = "高压"', "what can be"),
        ("possible = [0, 200]", "possible = [200, 0]", "two rising numbers"),
        ("possible = [0, 200]", "possible = 200", "two rising numbers"),
        ('source = "GPHS3_FORM_HTN"', 'source = "NOBODY"', "not in sources.toml"),
        ('concepts = ["nausea"', 'concepts = ["nausea", "nauseas"', "not a finding"),
        ('code = "3", concepts', 'code = "33", concepts', "not a symptom"),
        ('key = "diastolic"', 'key = "systolic"', "two blanks"),
        ('key = "drugs"\nname', 'key = "drugs"\ncolour = "red"\nname', "unknown key"),
        ('kind = "codes"', 'kind = "code"', "no row with symptom codes"),
        ('[{ key = "held_on", kind = "date" }]', "[]", "without a blank"),
        ('kind = "text", label = "写明"', 'kind = "code", label = "写明"', "needs codes"),
    ],
)
def test_a_mistake_in_a_form_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    copied(tmp_path, "hypertension.toml", old, new)
    with pytest.raises(ProtocolError, match=complaint):
        load(Programme.HYPERTENSION, tmp_path)


def copied(folder: Path, name: str, old: str, new: str) -> None:
    """The form files with one thing changed."""
    for path in FOLDER.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        if path.name == name:
            assert old in text
            text = text.replace(old, new)
        (folder / path.name).write_text(text, encoding="utf-8")


@st.composite
def filled_forms(draw: st.DrawFn) -> tuple[Form, dict[str, Any]]:
    """A form with any of its blanks filled with anything they may hold."""
    one = draw(st.sampled_from([HTN, DM]))
    values: dict[str, Any] = {}
    for blank in one.blanks.values():
        if blank.kind is BlankKind.SIGNATURE or not draw(st.booleans()):
            continue
        if blank.kind is BlankKind.CODE:
            values[blank.key] = draw(st.sampled_from(list(blank.codes)))
        elif blank.kind is BlankKind.CODES:
            chosen = draw(st.sets(st.sampled_from(list(blank.codes)[1:]), min_size=1))
            values[blank.key] = [code for code in blank.codes if code in chosen]
        elif blank.kind is BlankKind.NUMBER:
            low, high = blank.possible or (0, 0)
            values[blank.key] = draw(st.integers(int(low) + 1, int(high)))
        elif blank.kind is BlankKind.DATE:
            values[blank.key] = draw(st.dates(date(2020, 1, 1), date(2030, 1, 1))).isoformat()
        else:
            values[blank.key] = draw(st.sampled_from(["氨氯地平", "每次1片", "县医院内科", "无"]))
    if values.get("systolic", 999) <= values.get("diastolic", 0):
        values.pop("systolic")
    return one, values


@given(filled_forms())
def test_what_is_filled_in_comes_back_as_it_was(case: tuple[Form, dict[str, Any]]) -> None:
    one, values = case
    found = fill(one, spell(one, values))
    assert found.values == values
    assert found.problems == {}
    coded, said = words(one, values)
    assert {**coded, **said} == values
    assert coded.keys().isdisjoint(said)
    assert not any(one.blanks[key].kind is BlankKind.TEXT for key in coded)


@pytest.mark.parametrize(
    ("typed", "key", "problem"),
    [
        ({"systolic": "一百五"}, "systolic", Problem.NOT_A_NUMBER),
        ({"systolic": "1500"}, "systolic", Problem.IMPOSSIBLE),
        ({"systolic": "150.5"}, "systolic", Problem.NOT_WHOLE),
        ({"systolic": "nan"}, "systolic", Problem.IMPOSSIBLE),
        ({"systolic": "80", "diastolic": "120"}, "systolic", Problem.REVERSED),
        ({"held_on": "11月22日"}, "held_on", Problem.NOT_A_DAY),
        ({"adr": "3"}, "adr", Problem.NOT_A_CODE),
        ({"symptoms.1": "1", "symptoms.2": "1"}, "symptoms", Problem.ALONE),
        ({"aux_exam": "长" * 201}, "aux_exam", Problem.TOO_LONG),
    ],
)
def test_what_cannot_be_taken_says_why(typed: dict[str, str], key: str, problem: Problem) -> None:
    found = fill(HTN, typed)
    assert found.problems[key] is problem


def test_full_width_digits_are_digits_and_a_typed_signature_is_nobodys() -> None:
    found = fill(HTN, {"systolic": "１３８ ", "diastolic": "８６", "signature": "李建国"})
    assert found.values == {"systolic": 138, "diastolic": 86}


def test_a_number_that_is_rare_is_doubted_and_still_taken() -> None:
    found = fill(DM, {"fpg": "34", "hba1c": "16"})
    assert found.values == {"fpg": 34, "hba1c": 16}
    assert found.doubts == {"fpg": Doubt.UNUSUAL, "hba1c": Doubt.UNUSUAL}
    assert fill(HTN, {"systolic": "200", "diastolic": "70"}).doubts == {
        "systolic": Doubt.PULSE_PRESSURE
    }


def test_a_visit_needs_the_pulse_of_the_foot_and_a_message_cannot_give_it() -> None:
    assert "dorsalis_pedis" in missing(DM, {}, Mode.FACE_TO_FACE)
    assert "dorsalis_pedis" not in missing(DM, {}, Mode.MESSAGE)
    assert "fpg" in missing(DM, {}, Mode.MESSAGE)


def test_half_a_pressure_and_words_that_are_owed_are_missed() -> None:
    values = {"systolic": 150, "symptoms": ["10"], "adr": "2"}
    lacking = missing(HTN, values, Mode.PHONE)
    assert {"diastolic", "symptoms_other", "adr_text"} <= set(lacking)
    weak = {"dorsalis_pedis": "2"}
    assert "dorsalis_pedis_side" in missing(DM, weak, Mode.FACE_TO_FACE)
    assert "dorsalis_pedis_side" not in missing(DM, {"dorsalis_pedis": "1"}, Mode.FACE_TO_FACE)


def test_what_no_blank_holds_is_not_spelled() -> None:
    assert spell(HTN, {"class_reason": "看错了", "systolic": 128}) == {"systolic": "128"}
