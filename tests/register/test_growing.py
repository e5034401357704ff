"""What a later sheet adds to somebody who is known."""

from __future__ import annotations

import json
from datetime import datetime

from sqlmodel import select

from care.situation import Programme
from records.reaching import own_contact_point
from records.register import marks
from records.register.entry import read_entry
from records.register.identities import check_digit
from records.sms_contacts import sms_contact_of
from records.tables import Enrolment, FollowUp, Person
from tests.register.conftest import Registry
from tests.register.test_cells import TODAY
from tests.register.test_registering import HER, NAMELESS, changed, xlsx


def test_a_second_disease_and_the_date_of_the_first_are_added(registry: Registry) -> None:
    first = [*HER]
    first[9] = None
    registry.brings_in(xlsx(first))
    both = [*HER]
    both[5] = "高血压、糖尿病"
    run_id = registry.brings_in(xlsx(both))
    assert registry.tally(run_id) == {"updated": 1}
    with registry.database.reading() as session:
        found = {one.programme: one.diagnosed for one in session.exec(select(Enrolment))}
        plans = session.exec(select(FollowUp.programme)).all()
    assert found == {"hypertension": "2015-03", "type2_diabetes": "2015-03"}
    assert sorted(plans) == ["hypertension", "type2_diabetes"]


def test_a_new_number_in_the_sheet_ends_what_rested_on_the_old_one(
    registry: Registry, now: datetime
) -> None:
    registry.brings_in(xlsx(changed(HER, phone="13911112222")))
    (person,) = registry.people()
    with registry.database.transaction() as session:
        told = session.get_one(Person, person.id)
        assert sms_contact_of(session, registry.vault, told, now) is not None
    registry.brings_in(xlsx(changed(HER, phone="13733334444")))
    with registry.database.reading() as session:
        assert own_contact_point(session, person.id, "doctor") is None


def test_a_programme_is_never_ended_by_a_blank_cell(registry: Registry) -> None:
    registry.brings_in(xlsx(HER))
    blank = [*HER]
    blank[5] = None
    registry.brings_in(xlsx(blank))
    with registry.database.reading() as session:
        assert session.exec(select(Enrolment)).one().ended_on is None


def test_who_was_known_without_a_number_gets_it_and_another_number_is_another_person(
    registry: Registry,
) -> None:
    registry.brings_in(xlsx(NAMELESS))
    run_id = registry.brings_in(xlsx(changed(NAMELESS, number="330182195005060037")))
    assert registry.tally(run_id) == {"updated": 1}
    # Another number for the same name, birthday and village is somebody else, or a mistake.
    other = f"33018219500506005{check_digit('33018219500506005')}"
    run_id = registry.brings_in(xlsx(changed(NAMELESS, number=other)))
    assert registry.tally(run_id) == {"created": 1}
    (known, new) = registry.people()
    assert known.identity_number_index != new.identity_number_index


def test_every_column_of_a_full_row_is_read() -> None:
    entry = read_entry(
        {
            "name": "买买提·吐尔逊(男)",
            "phone": "1.38E+10",
            "sex": "男",
            "born_on": "1950年5月6日",
            "hypertension": "√",
            "type2_diabetes": "否",
            "systolic": 152,
            "diastolic": "94",
            "glucose": "7.2",
            "last_visit": "2026.8",
            "height": "1.65米",
            "drugs": "缬沙坦、二甲双胍、阿司匹林",
            "emergency_name": "古丽",
            "emergency_phone": "139 0000 2222",
            "emergency_relation": "女儿",
            "status": "在管",
        },
        TODAY,
    )
    assert entry.values["name"] == "买买提·吐尔逊"
    assert entry.values["height_cm"] == "165"
    assert entry.values["drugs"] == "arb,blood_thinner,metformin"
    assert json.loads(entry.values["emergency"]) == {
        "name": "古丽",
        "phone": "13900002222",
        "relation": "女儿",
    }
    assert entry.programmes == (Programme.HYPERTENSION,)
    assert entry.status == "active"
    assert {(note.code, note.field) for note in entry.notes} == {
        ("phone_scientific", "phone"),
        ("phone_repaired", "emergency_phone"),
        ("date_incomplete", "last_visit"),
        ("value_without_date", "last_visit"),
    }
    assert entry.readings == []


def test_names_that_are_no_names_and_drugs_nobody_knows_are_said() -> None:
    entry = read_entry({"name": "张3", "drugs": "祖传秘方", "born_on": "1950年5月"}, TODAY)
    assert {note.code for note in entry.notes} == {
        "name_wrong",
        "drugs_unknown",
        "date_incomplete",
        "programme_missing",
    }
    assert entry.fatal


def test_a_mark_of_the_other_disease_is_no_tick() -> None:
    assert marks.read_flag("糖尿病", Programme.TYPE2_DIABETES) is True
