"""What must be covered is covered, and a signature names what was signed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from care.coverage import Coverage, coverage, load
from care.level import Level
from care.protocol import protocol
from care.protocol_file import FOLDER, Entry, ProtocolError
from care.signature import Signature, signature

SETS = """stroke mi dissection hf htn_emergency htn_severe_asymp syncope hypotension hypo_mild
    hypo_severe hyper_severe dka hhs arrhythmia bleed vision foot pregnancy adr_angioedema
    overdose suicide fever_infection fall_head leg_clot cough_acei ankle_edema stop_med"""
RULES = {rule.id: rule for rule in protocol().book.rules}


def spoiled(folder: Path, old: str, new: str) -> Coverage:
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    file = folder / "coverage.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    return load(folder)


def test_the_coverage_is_read_once() -> None:
    assert coverage() is coverage()


def test_all_27_sets_of_red_flags_stand_there_once() -> None:
    assert [one.id for one in coverage().sets] == [f"rf.{name}" for name in SETS.split()]


def test_every_set_has_a_rule_at_least_as_urgent_as_its_source_asks() -> None:
    for one in coverage().sets:
        assert one.level is not None
        assert max(RULES[rule].level for rule in one.rules) >= one.level, one.id


def test_every_item_of_a_list_has_a_rule_as_urgent_as_it_says() -> None:
    for one in coverage().lists:
        for item in one.items:
            assert max(RULES[rule].level for rule in item.rules) >= item.level, item.says


def test_every_rule_stands_in_a_section() -> None:
    found = {rule for one in coverage().sections for rule in one.rules}
    found |= {rule for one in coverage().lists for item in one.items for rule in item.rules}
    assert found == RULES.keys()


def test_nothing_is_signed_yet() -> None:
    assert [one.id for one in coverage().sections if one.signed is not None] == []


def review(written: str) -> Signature | None:
    return signature(Entry("coverage.toml", "set[1]", {"review": written}))


def test_a_signature_names_who_when_and_what() -> None:
    signed = review("signed by 王某某, 副主任医师, 清水县人民医院, 2026-12-01, 1a2b3c4d5e")
    assert signed == Signature(
        "王某某", "副主任医师", "清水县人民医院", date(2026, 12, 1), "1a2b3c4d5e"
    )
    assert signed.covers("1a2b3c4d5e")
    assert not signed.covers("0000000000")


def test_a_chinese_comma_is_a_comma() -> None:
    assert review("signed by 王某某，主任医师，县医院，2026-12-01，1a2b3c4d5e") is not None


@pytest.mark.parametrize(
    "written",
    [
        "signed",
        "signed by 王某某",
        "signed by 王某某, , 县医院, 2026-12-01, 1a2b3c4d5e",
        "signed by 王某某, 主任医师, 县医院, 2026-13-01, 1a2b3c4d5e",
        "signed by 王某某, 主任医师, 县医院, 2026-12-01, not-a-hash",
        "Pending",
    ],
)
def test_a_review_that_names_nobody_in_full_stops_the_program(written: str) -> None:
    with pytest.raises(ProtocolError, match=r"coverage.toml: set\[1\]\.review"):
        review(written)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('rules = ["dissection"]', 'rules = ["disection"]', "disection is no rule"),
        ('rules = ["dissection"]', "rules = []", "at least one rule"),
        ('source = "STROKE120"', 'source = "NOBODY"', "NOBODY is not in sources"),
        ('id = "rf.mi"', 'id = "rf.stroke"', "a section is there twice"),
        ('heard = ["脚烂了"', 'herd = ["脚烂了"', "unknown key"),
        ('heard = ["吃了依那普利老是咳嗽", "吃卡托普利以后嗓子痒干咳"]', "heard = []", "sentences"),
        ('rules = ["side_effect.cough"]', 'rules = ["foot"]', "no section holds side_effect.cough"),
    ],
)
def test_a_coverage_that_is_wrong_stops_the_program(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        spoiled(tmp_path / "protocols", old, new)


def test_the_levels_that_are_asked_for_are_levels() -> None:
    assert {one.level for one in coverage().sets} == {
        Level.EMERGENCY,
        Level.URGENT,
        Level.ROUTINE,
    }
