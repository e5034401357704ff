"""What stands on a draft before a doctor looks, what the rules make of it, and which are ordinary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care import ordinary
from care.cadence import Purpose
from care.classify import NextMeasure, VisitClass
from care.entry import Entry, Known, as_drafted, enter
from care.filling import spell
from care.form import FOLDER, Fill, Form, Mode, form, load
from care.line import Setting
from care.ordinary import Draft, remarks, rules
from care.prefill import Prefilled, Taken, prefill
from care.proposal import class_of, propose, standing, suggestions
from care.protocol_file import ProtocolError
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Background, Programme

TODAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HTN, DM = form(Programme.HYPERTENSION), form(Programme.TYPE2_DIABETES)
WELL: dict[str, Any] = {"symptoms": [], "medicine_taken": True}
ADULT = Known(Background(age=50))
GOOD, BAD = VisitClass.SATISFACTORY, VisitClass.UNSATISFACTORY
ADVERSE = VisitClass.ADVERSE_REACTION


def bp(systolic: float, diastolic: float, setting: Setting = Setting.HOME, day: int = 0) -> Taken:
    reading = Reading(Kind.BP, systolic=systolic, diastolic=diastolic)
    return Taken(reading, setting, AT + timedelta(days=day))


def sugar(value: float, context: GlucoseContext = GlucoseContext.FASTING) -> Taken:
    return Taken(Reading(Kind.GLUCOSE, value=value, context=context), Setting.HOME, AT)


def drafted(
    one: Form, answers: dict[str, Any], *taken: Taken, height_cm: float | None = None
) -> Prefilled:
    return prefill(one, answers, taken, height_cm)


# --- prefill


def test_readings_at_home_are_averaged_and_say_so() -> None:
    found = drafted(HTN, WELL, bp(150, 95), bp(141, 88))
    assert (found.values["systolic"], found.values["diastolic"]) == (146, 92)
    assert (found.origins["systolic"].why, found.origins["systolic"].count) == ("home", 2)


def test_the_clinics_last_sitting_goes_before_what_was_measured_at_home() -> None:
    clinic = Setting.CLINIC
    taken = [bp(160, 100, clinic, -3), bp(130, 80), bp(148, 92, clinic), bp(144, 90, clinic)]
    found = drafted(HTN, WELL, *taken)
    assert (found.values["systolic"], found.values["diastolic"]) == (146, 91)
    assert found.origins["diastolic"].why == "clinic"


def test_only_a_fasting_value_is_the_fasting_value() -> None:
    found = drafted(DM, WELL, sugar(9.1, GlucoseContext.POSTPRANDIAL))
    assert "fpg" not in found.values
    assert found.values["other_glucose"] == 9.1
    assert drafted(DM, WELL, sugar(6.0)).values["fpg"] == 6


def test_weight_and_height_make_the_index() -> None:
    weight = Taken(Reading(Kind.WEIGHT, value=64), Setting.HOME, AT)
    found = drafted(HTN, WELL, weight, height_cm=160)
    assert (found.values["weight"], found.values["bmi"]) == (64, 25.0)
    assert found.origins["bmi"].why == "computed"


def test_complaints_tick_the_boxes_of_their_own_form() -> None:
    answers = {"symptoms": ["numbness", "polyuria_polydipsia", "calf_cramp"]}
    on_htn = drafted(HTN, answers).values
    assert on_htn["symptoms"] == ["8", "10"]
    assert on_htn["symptoms_other"] == "多饮多尿、腿抽筋"
    on_dm = drafted(DM, answers).values
    assert on_dm["symptoms"] == ["2", "4", "7", "10"]
    assert on_dm["symptoms_other"] == "腿抽筋"


def test_no_complaint_is_no_symptom_and_no_reaction_but_says_it_is_a_guess() -> None:
    found = drafted(DM, WELL)
    assert found.values == {
        "symptoms": ["1"],
        "adr": "1",
        "hypo_reaction": "1",
        "med_adherence": "1",
    }
    assert found.origins["adr"].why == "said_well"


def test_a_low_value_speaks_against_no_low_sugar() -> None:
    assert drafted(DM, WELL, sugar(3.4)).values["hypo_reaction"] == "2"
    often = {"symptoms": ["hypo_recurrent"]}
    assert drafted(DM, often).values["hypo_reaction"] == "3"
    assert "hypo_reaction" not in drafted(HTN, often).values
    assert "hypo_reaction" not in drafted(DM, {"symptoms": ["numbness"]}).values


def test_a_reaction_to_a_medicine_is_written_as_one() -> None:
    values = drafted(HTN, {"symptoms": ["cough_after_drug"]}).values
    assert (values["adr"], values["adr_text"]) == ("2", "服药后干咳")


def test_tablets_left_out_are_no_symptom() -> None:
    values = drafted(HTN, {"symptoms": ["medicine_stopped"], "medicine_taken": False}).values
    assert values == {"med_adherence": "3"}
    irregular = drafted(HTN, {"medicine_taken": False})
    assert irregular.values["med_adherence"] == "2"
    assert irregular.origins["med_adherence"].why == "said_irregular"


def test_a_code_nobody_knows_is_kept_in_words() -> None:
    assert drafted(HTN, {"symptoms": ["brand_new"]}).values["symptoms_other"] == "brand_new"


def test_a_machine_never_fills_what_is_the_doctors() -> None:
    found = Prefilled()
    for blank in DM.filled_by(Fill.DOCTOR_ONLY):
        found.put(DM, blank.key, "1", "said")
    assert found.values == {}


# --- the class, the next date and the suggestions


def entered(
    one: Form,
    how: Mode = Mode.MESSAGE,
    known: Known = ADULT,
    also: Mapping[str, str] = MappingProxyType({}),
    **typed: str,
) -> Entry:
    return enter(one, {**typed, **also}, how, known, today=TODAY)


def test_a_controlled_pressure_is_satisfactory_and_comes_in_three_months() -> None:
    entry = entered(HTN, systolic="128", diastolic="78")
    assert entry.values["visit_class"] == "1"
    assert entry.next_on == date(2027, 2, 23)
    assert entry.values["next_measure"] == "1"
    assert entry.by_rules == {"visit_class", "next_on", "next_measure"}
    assert not entry.overruled


def test_another_class_needs_a_reason_and_moves_the_date() -> None:
    silent = entered(HTN, systolic="128", diastolic="78", visit_class="4")
    assert silent.problems["class_reason"] == "reason_needed"
    said = entered(HTN, systolic="128", diastolic="78", visit_class="4", class_reason="新发心衰")
    assert "class_reason" not in said.problems
    assert said.overruled
    assert said.next_on == TODAY + timedelta(days=14)
    assert said.decided.due.purpose is Purpose.REFERRAL_CHECK


def test_without_anything_to_judge_by_the_doctor_decides() -> None:
    assert entered(HTN).problems["visit_class"] == "missing"
    assert "visit_class" not in entered(HTN, visit_class="2").problems


@pytest.mark.parametrize(
    ("typed", "key", "problem"),
    [
        ({"held_on": "2026-11-24"}, "held_on", "future"),
        ({"held_on": "2026-11-20", "next_on": "2026-11-20"}, "next_on", "not_after"),
    ],
)
def test_a_day_that_cannot_be(typed: dict[str, str], key: str, problem: str) -> None:
    assert entered(HTN, also=typed, systolic="128", diastolic="78").problems[key] == problem


def test_a_date_later_than_the_rule_is_doubted() -> None:
    later = entered(HTN, systolic="158", diastolic="98", next_on="2027-02-23")
    assert later.doubts["next_on"] == "later_than_rule"
    sooner = entered(HTN, systolic="158", diastolic="98", next_on="2026-11-30")
    assert "next_on" not in sooner.doubts


def test_a_message_has_no_box_and_a_call_is_no_visit() -> None:
    assert "mode" not in entered(HTN, Mode.MESSAGE, mode="1").values
    assert entered(HTN, Mode.PHONE).values["mode"] == "3"
    assert entered(HTN, Mode.FACE_TO_FACE, mode="2").values["mode"] == "2"
    assert entered(HTN, Mode.FACE_TO_FACE, mode="3").problems["mode"] == "wrong_mode"


def test_last_times_medicines_are_copied_only_when_ticked_and_never_over_what_was_typed() -> None:
    last = {"drug1_name": "氨氯地平", "drug1_times": 1, "drug1_dose": "1片", "smoke": 5}
    known = replace(ADULT, last=last)
    assert "drug1_name" not in entered(HTN, known=known).values
    typed = {"same.medicines": "1", "drug1_dose": "半片"}
    values = entered(HTN, Mode.MESSAGE, known, typed).values
    assert (values["drug1_name"], values["drug1_times"]) == ("氨氯地平", 1)
    assert values["drug1_dose"] == "半片"
    assert "smoke" not in values
    assert entered(HTN, known=known, also={"same.lifestyle": "1"}).values["smoke"] == 5


def test_the_height_on_file_makes_the_index() -> None:
    known = replace(ADULT, height_cm=160.0)
    assert entered(HTN, known=known, weight="64").values["bmi"] == 25


@pytest.mark.parametrize(
    ("pressure", "previous", "wanted"),
    [
        ((128, 78), (), ()),
        ((158, 98), (), ("first_unsatisfactory",)),
        ((158, 98), (BAD,), ("in_a_row",)),
        ((158, 98), (ADVERSE,), ("in_a_row",)),
        ((158, 98), (GOOD, BAD), ("first_unsatisfactory",)),
        ((188, 98), (), ("urgent_referral", "first_unsatisfactory")),
        ((188, 112), (BAD,), ("urgent_referral", "in_a_row")),
    ],
)
def test_what_is_suggested_names_its_guideline(
    pressure: tuple[int, int], previous: tuple[VisitClass, ...], wanted: tuple[str, ...]
) -> None:
    values = {"systolic": pressure[0], "diastolic": pressure[1]}
    found = propose(HTN, values, TODAY, background=ADULT.background, previous=previous)
    assert tuple(one.id for one in found.suggestions) == wanted
    assert all(one.origin.source.title and one.origin.section for one in found.suggestions)


def test_a_foot_without_pulse_and_a_complication_are_suggested_about() -> None:
    values = {"fpg": 6.1, "dorsalis_pedis": "3"}
    found = propose(DM, values, TODAY, background=ADULT.background, decided=VisitClass.COMPLICATION)
    assert [one.id for one in found.suggestions] == ["complication", "foot_pulse"]
    normal = propose(DM, {"dorsalis_pedis": "1"}, TODAY, background=ADULT.background)
    assert normal.suggestions == ()


def test_the_classes_of_before_suggest_too() -> None:
    assert standing(Programme.HYPERTENSION, []) == ()
    assert [one.id for one in standing(Programme.HYPERTENSION, [BAD, BAD])] == ["in_a_row"]
    assert [one.id for one in standing(Programme.TYPE2_DIABETES, [ADVERSE])] == ["adverse_reaction"]


def test_every_suggestion_is_there_for_both_programmes() -> None:
    names = {name for name, _ in suggestions()} - {"foot_pulse"}
    for programme in Programme:
        assert names <= {name for name, own in suggestions() if own is programme}


@given(st.sampled_from(["1", "2", "3", "4", None, "9"]))
def test_the_codes_of_the_class_are_a_partition(code: str | None) -> None:
    found = class_of(code)
    assert (found is None) is (code in (None, "9"))
    assert found is None or found.code == code


@given(
    systolic=st.integers(60, 250),
    diastolic=st.integers(40, 140),
    adverse=st.booleans(),
    previous=st.lists(st.sampled_from(list(VisitClass)), max_size=3),
)
def test_every_form_has_one_class_one_measure_and_a_date_in_time(
    systolic: int, diastolic: int, adverse: bool, previous: list[VisitClass]
) -> None:
    values = {"systolic": systolic, "diastolic": diastolic, "adr": "2" if adverse else "1"}
    found = propose(HTN, values, TODAY, background=ADULT.background, previous=previous)
    assert found.result.visit_class in list(VisitClass)
    assert TODAY < found.due.on <= date(2027, 2, 23)
    calm = found.result.measure is NextMeasure.ROUTINE
    assert calm is (found.due.purpose is Purpose.ROUTINE)
    assert not calm or found.suggestions == ()


# --- ordinary drafts


def judged(
    one: Form,
    values: dict[str, Any],
    *,
    known: Known = ADULT,
    alarmed: bool = False,
    held_on: date = TODAY,
) -> tuple[str, ...]:
    entry, filled = as_drafted(one, values, Mode.MESSAGE, known, held_on=held_on, today=TODAY)
    draft = Draft(one, filled, Mode.MESSAGE, entry.proposal, known.previous, alarmed, held_on)
    return remarks(draft, TODAY)


ORDINARY_HTN = {**drafted(HTN, WELL, bp(126, 78)).values}
ORDINARY_DM = {**drafted(DM, WELL, sugar(6.1)).values}


@pytest.mark.parametrize(("one", "values"), [(HTN, ORDINARY_HTN), (DM, ORDINARY_DM)])
def test_a_calm_draft_is_ordinary(one: Form, values: dict[str, Any]) -> None:
    assert judged(one, values) == ()
    assert judged(one, values, known=replace(ADULT, previous=(GOOD, BAD))) == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"symptoms": ["2"]}, "symptoms"),
        ({"med_adherence": "2"}, "adherence"),
        ({"adr": "2", "adr_text": "咳"}, "adverse_reaction"),
        ({"systolic": 146}, "satisfactory"),
        ({"systolic": 84, "diastolic": 62}, "low_pressure"),
        ({"heart_rate": 104}, "strange_pulse"),
        ({"systolic": 190}, "calm"),
        ({"systolic": 135, "diastolic": 20}, "plausible"),
        ({"symptoms": None}, "complete"),
        ({"diastolic": None}, "complete"),
    ],
)
def test_a_remarkable_draft_says_why(change: dict[str, Any], why: str) -> None:
    values = {k: v for k, v in {**ORDINARY_HTN, **change}.items() if v is not None}
    assert why in judged(HTN, values)


def test_low_sugar_is_remarked_on_the_form_that_asks_for_it() -> None:
    assert "hypo_reaction" in judged(DM, {**ORDINARY_DM, "hypo_reaction": "2"})
    assert "calm" in judged(DM, {**ORDINARY_DM, "fpg": 3.4})


def test_an_alarm_an_old_draft_and_a_bad_last_time_are_remarked() -> None:
    assert judged(HTN, ORDINARY_HTN, alarmed=True) == ("no_alarm",)
    old = TODAY - rules().fresh - timedelta(days=1)
    assert judged(HTN, ORDINARY_HTN, held_on=old) == ("fresh",)
    bad = replace(ADULT, previous=(BAD,))
    assert judged(HTN, ORDINARY_HTN, known=bad) == ("satisfactory_before",)


@given(
    start=st.tuples(st.integers(85, 210), st.integers(50, 125)),
    further=st.integers(0, 60),
    upward=st.booleans(),
)
def test_a_value_further_out_is_never_more_ordinary(
    start: tuple[int, int], further: int, upward: bool
) -> None:
    """From the middle outwards: what is remarkable stays so."""
    systolic, diastolic = start
    out = systolic + further if upward else systolic - further
    middle = 115
    if (systolic < middle) is upward:
        return
    near = judged(HTN, {**ORDINARY_HTN, "systolic": systolic, "diastolic": diastolic})
    far = judged(HTN, {**ORDINARY_HTN, "systolic": max(out, 41), "diastolic": diastolic})
    if near:
        assert far


@given(value=st.floats(1, 30).map(lambda v: round(v, 1)), further=st.floats(0, 10))
def test_a_sugar_further_up_is_never_more_ordinary(value: float, further: float) -> None:
    if judged(DM, {**ORDINARY_DM, "fpg": value}) and value >= 5:
        assert judged(DM, {**ORDINARY_DM, "fpg": round(value + further, 1)})


def test_a_draft_reads_back_what_it_holds() -> None:
    assert spell(HTN, ORDINARY_HTN)["symptoms.1"] == "1"


def test_a_form_without_the_local_rows_has_no_next_measure(tmp_path: Path) -> None:
    copied(tmp_path, "extended.toml", "shown = true", "shown = false")
    plain = load(Programme.HYPERTENSION, tmp_path)
    entry = enter(plain, {"systolic": "128", "diastolic": "78"}, Mode.MESSAGE, ADULT, today=TODAY)
    assert "next_measure" not in entry.values


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"fresh"]', '"fresh", "lucky"]', "every need is named once"),
        ("systolic < low_systolic", "systolic < nothing", "not a comparison"),
    ],
)
def test_a_mistake_in_the_rules_of_the_batch_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, complaint: str
) -> None:
    copied(tmp_path, "ordinary.toml", old, new)
    monkeypatch.setattr(ordinary, "FOLDER", tmp_path)
    with pytest.raises(ProtocolError, match=complaint):
        ordinary.rules.__wrapped__()


def copied(folder: Path, name: str, old: str, new: str) -> None:
    """The form files with one thing changed."""
    for path in FOLDER.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        if path.name == name:
            assert old in text
            text = text.replace(old, new)
        (folder / path.name).write_text(text, encoding="utf-8")
