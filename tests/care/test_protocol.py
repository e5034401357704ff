"""The protocol files as a whole: read once, complete, and refused by name when wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from care.level import Level
from care.protocol import FILES, Protocol, ProtocolError, load, protocol
from care.protocol_file import FOLDER, Review
from texts.catalogue import Use, catalogue

Spoil = Callable[[str, str, str], Path]


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    """A copy of the protocol folder with one text replaced in one file."""

    def change(name: str, old: str, new: str) -> Path:
        folder = tmp_path / "protocols"
        shutil.copytree(FOLDER, folder)
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return change


def test_the_protocol_is_read_once() -> None:
    assert protocol() is protocol()


def test_the_protocol_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        protocol().values["crisis_systolic"].value = 1  # type: ignore[misc]


def test_every_file_has_a_version() -> None:
    assert set(protocol().versions) == set(FILES)


def test_nothing_is_signed_yet() -> None:
    known = protocol()
    origins = [value.origin for value in known.values.values()]
    origins += [rule.origin for rule in known.book.rules]
    assert {origin.review for origin in origins} == {Review.PENDING}
    assert all(origin.section and origin.source.edition for origin in origins)


def test_every_advice_and_reason_has_words() -> None:
    sentences = catalogue().sentences
    for rule in protocol().book.rules:
        assert rule.advice in sentences
        assert all(f"reason.{reason}" in sentences for reason in rule.reasons)


def test_every_safety_and_routine_text_is_used_by_a_rule() -> None:
    used = {rule.advice for rule in protocol().book.rules}
    tail = {"safety.on_duty", "safety.nobody_on_duty", "safety.clinic_phone"}
    tail |= {"safety.on_duty_urgent", "safety.nobody_on_duty_urgent"}
    written = {key for key in catalogue().sentences if key.startswith(("safety.", "routine."))}
    by_sms = {sentence.sms for sentence in catalogue().sentences.values() if sentence.sms}
    assert written - tail - by_sms <= used


def test_an_urgent_rule_speaks_a_safety_text_and_a_routine_rule_does_not() -> None:
    for rule in protocol().book.rules:
        use = catalogue().sentence(rule.advice).use
        assert (use is Use.SAFETY) == (rule.level >= Level.URGENT), rule.id


def test_the_rules_stand_most_urgent_first() -> None:
    ranks = [rule.level.rank for rule in protocol().book.rules]
    assert ranks == sorted(ranks, reverse=True)


def test_every_set_of_red_flags_has_a_concept() -> None:
    sets = """stroke mi dissection hf htn_emergency htn_severe_asymp syncope hypotension hypo_mild
        hypo_severe hyper_severe dka hhs arrhythmia bleed vision foot pregnancy adr_angioedema
        overdose suicide fever_infection fall_head leg_clot cough_acei ankle_edema stop_med"""
    assert {f"rf.{one}" for one in sets.split()} <= {c.flag for c in protocol().concepts.values()}


def test_every_value_is_used_or_documents_a_line() -> None:
    """A value nobody reads would be signed for nothing."""
    known: Protocol = protocol()
    code = "".join(p.read_text(encoding="utf-8") for p in Path("care").rglob("*.py"))
    rules = "".join(
        (FOLDER / name).read_text(encoding="utf-8") for name in ("red_flags.toml", "routine.toml")
    )
    for_others = {"arm_difference", "hypoglycaemia", "mgdl_factor", "baseline_days"}
    for_others |= {"confirm_hours", "hearts_window_months", "hearts_lost_months"}
    for_others |= {"overdue_returned_days", "visits_a_year", "fasting_tests_a_year"}
    for_others |= {"annual_checks_a_year"}
    for name in known.values:
        worse = name.removesuffix("_worse")
        assert (
            name in for_others
            or name in code
            or worse in code
            or f"= {name}" in rules
            or (f' {name}"' in rules)
        ), name


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("hypertension.toml", "value = 180", 'value = "180"', "crisis_systolic.value: a number"),
        ("hypertension.toml", "value = 180", "value = true", "crisis_systolic.value: a number"),
        ("hypertension.toml", "value = 180", "valu = 180", "crisis_systolic.valu: unknown key"),
        ("hypertension.toml", '"GPHS3", section', '"NOBODY", section', "NOBODY is not in sources"),
        ("hypertension.toml", 'confidence = "high"', 'confidence = "sure"', "one of high, low"),
        ("hypertension.toml", 'section = "gphs.htn.urgent"', "section = 1", "a text is needed"),
        ("hypertension.toml", "age_from = 65", "age_from = 6.5", "a whole number"),
        ("hypertension.toml", "age_from = 65", "age_from = -1", "a whole number"),
        ("hypertension.toml", "[[cutoff]]", "[cutoff]", "hypertension.toml"),
        ("findings.toml", "face_droop = {", "face_droop = 5 # {", "face_droop: a table"),
        ("findings.toml", "[drugs]", "[drogs]", "drugs: a table"),
        ("hypertension.toml", 'setting = "clinic"', 'setting = "pub"', "clinic, home"),
        ("hypertension.toml", 'review = "pending"', 'review = "maybe"', "pending, signed"),
        ("hypertension.toml", "[meta]", "[mata]", "meta: a table"),
        ("hypertension.toml", "[meta]", "[meta", "hypertension.toml"),
        ("type2_diabetes.toml", "glucose_low =", "crisis_systolic =", "taken in another file"),
        ("findings.toml", 'implies = ["dizziness"]', 'implies = ["giddy"]', "giddy is not"),
        ("findings.toml", 'implies = ["headache"]', 'implies = ["thunderclap_headache"]', "itself"),
        ("findings.toml", 'implies = ["headache"]', "implies = [1]", "a list of texts"),
        ("findings.toml", "background = true, m", 'background = "yes", m', "true or false"),
        ("findings.toml", "background = true, m", "m", "no rule sees this finding"),
        ("plausibility.toml", "usual = [70, 270]", "usual = [70, 370]", "inside each other"),
        ("plausibility.toml", "usual = [70, 270]", 'usual = ["a", 270]', "two numbers"),
        ("plausibility.toml", "normal = [90, 140]", "normal = [90, 150]", "normal band"),
        ("plausibility.toml", "normal = [90, 140]", "normal = [80, 140]", "normal band"),
        ("red_flags.toml", '"face_droop", ', '"face_drop", ', "neither a finding"),
        ("red_flags.toml", 'any = ["overdose", ', 'none = ["overdose", ', "must be {all"),
        ("red_flags.toml", "count = 2, of", "count = 4, of", "count 4 of 3"),
        ("red_flags.toml", '"@chest", {', '"@trunk", {', "@trunk is not defined"),
        ("red_flags.toml", '"condition:hypertension"', '"condition:gout"', "neither a finding"),
        ("red_flags.toml", '"drug:sglt2"', '"drug:opium"', "neither a finding"),
        ("red_flags.toml", 'id = "seizure"', 'id = "syncope"', "syncope is there twice"),
        ("red_flags.toml", 'level = "emergency"', 'level = "none"', "raises a level"),
        ("red_flags.toml", 'reasons = ["suicidal"]', "reasons = []", "raises a level"),
        ("red_flags.toml", 'level = "emergency"', 'level = "soon"', "must be one of"),
        ("red_flags.toml", '{ any = ["seizure"] }', '{ any = ["pregnant"] }', "background alone"),
        ("routine.toml", '"tinnitus", ', "", "tinnitus: no rule sees"),
        ("routine.toml", '[[rule]]\nid = "value', '[rule]\nid = "value', "routine.toml"),
        ("cadence.toml", 'from = "08:00"', 'from = "22:00"', "later than from"),
        ("cadence.toml", 'from = "08:00"', 'from = "8 o\'clock"', "sending.from"),
        ("cadence.toml", '"Asia/Shanghai"', '"Asia/Atlantis"', "sending.zone"),
        ("escalation.toml", 'level = "urgent"', 'level = "emergency"', "exactly one ladder"),
        ("escalation.toml", "wait_minutes = 10", "wait_minutes = 0", "roles and minutes"),
        ("escalation.toml", 'roles = ["county_duty"], ', "", "roles and minutes"),
        ("escalation.toml", "steps = [", "steps = 5 #", "escalation.toml"),
        ("sources.toml", 'title = "国家基本', 'titel = "国家基本', "title: a text"),
    ],
)
def test_a_wrong_file_is_refused_by_name(
    spoil: Spoil, name: str, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(ProtocolError) as refused:
        load(spoil(name, old, new))
    assert complaint in str(refused.value)
    assert ".toml" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"sources\.toml"):
        load(tmp_path)


def test_a_list_of_something_else_is_refused(spoil: Spoil) -> None:
    folder = spoil("routine.toml", "[meta]", "[meta]")
    text = (folder / "routine.toml").read_text(encoding="utf-8")
    head = text.split("[[rule]]", maxsplit=1)[0]
    (folder / "routine.toml").write_text("rule = [1]\n" + head, encoding="utf-8")
    with pytest.raises(ProtocolError, match=r"rule\[1\]: a table"):
        load(folder)
