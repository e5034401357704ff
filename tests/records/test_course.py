"""Visits, what is due, what waits, and medicines as they were told."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from care.level import Level
from records import dossier
from records.course import WORDS, Course
from records.identity import new_id
from records.people import china_date
from records.reader import Reader
from records.tables import FollowUp, Person
from tests.inbox.county import County, there


def follow_up(county: County, person: str, state: str, on: date, **values: Any) -> FollowUp:
    words = values.pop("words", None)
    row = FollowUp(
        id=new_id(), person_id=person, programme="hypertension", due_on=on, state=state, **values
    )
    if words:
        row.words_sealed = county.vault.seal(json.dumps(words), WORDS, row.id)
    county.session.add(row)
    county.session.flush()
    return row


def course_of(county: County, doctor: Reader, person: str) -> Course:
    found = dossier.dossier(county.session, county.vault, doctor, person, county.now)
    return there(found).course


def test_contacts_are_told_newest_first_with_their_outcome(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    today = china_date(county.now)
    follow_up(
        county,
        person,
        "signed",
        today - timedelta(days=90),
        held_on=today - timedelta(days=88),
        mode="face_to_face",
        form={"systolic": 152.0, "diastolic": 94.0, "fpg": 6.1},
        classification="unsatisfactory",
        signed_by=doctor.practitioner_id,
    )
    follow_up(
        county,
        person,
        "draft",
        today - timedelta(days=3),
        closed_at=county.now - timedelta(days=2),
        answers={"bp": [136, 84], "medicine_taken": True},
        classification="satisfactory",
    )
    follow_up(county, person, "silent", today - timedelta(days=200))
    follow_up(county, person, "cancelled", today - timedelta(days=300))
    found = course_of(county, doctor, person)
    told = [(one.state, one.pressure, one.glucose, one.by) for one in found.contacts]
    assert told == [
        ("draft", "136/84", None, None),
        ("signed", "152/94", "6.1", "李建国"),
        ("silent", None, None, None),
    ]
    assert found.taken == (True, today - timedelta(days=2))


def test_what_is_due_and_what_waits_stands_together(county: County, doctor: Reader) -> None:
    person, point = county.person("a")
    today = china_date(county.now)
    follow_up(county, person, "planned", today + timedelta(days=30))
    follow_up(county, person, "open", today - timedelta(days=1))
    county.task(person, reason="asked_for_doctor")
    county.alarm(person, point, level=Level.URGENT)
    found = course_of(county, doctor, person)
    assert [(one.state, one.overdue) for one in found.due] == [("open", True), ("planned", False)]
    assert [(one.kind, one.reason) for one in found.waiting] == [("call", "asked_for_doctor")]
    assert found.alarm_level == "urgent"


def test_medicines_are_told_as_written_down_and_as_said_with_their_dates(
    county: County, doctor: Reader
) -> None:
    person, point = county.person("a")
    today = china_date(county.now)
    for days, name in ((90, "硝苯地平"), (10, "氨氯地平")):
        follow_up(
            county,
            person,
            "signed",
            today - timedelta(days=days),
            form={"drug1_times": 1.0},
            words={"drug1_name": name, "drug1_dose": "5mg", "drug_other_name": "阿司匹林"},
        )
    county.says(point, "今天 135/85", ago=timedelta(hours=3))
    county.says(point, "俺吃厄贝沙坦，早上一片", ago=timedelta(days=2))
    county.says(point, "药吃完了咋办", ago=timedelta(hours=1))
    found = course_of(county, doctor, person).told
    assert [(one.words, one.source, one.on) for one in found] == [
        ("氨氯地平，每日 1 次，5mg；阿司匹林", "form", today - timedelta(days=10)),
        ("俺吃厄贝沙坦，早上一片", "message", today - timedelta(days=2)),
    ]


def test_words_that_do_not_open_hide_nothing_else(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    today = china_date(county.now)
    for number, sealed in enumerate((b"\x01nonsense-that-does-not-open", b"")):
        row = follow_up(county, person, "signed", today - timedelta(days=number))
        row.words_sealed = sealed or county.vault.seal("no json", WORDS, row.id)
    row = follow_up(county, person, "signed", today - timedelta(days=5))
    row.words_sealed = county.vault.seal("[]", WORDS, row.id)
    county.session.flush()
    found = course_of(county, doctor, person)
    assert (len(found.contacts), found.told) == (3, ())


def test_the_emergency_contact_is_opened_and_a_broken_one_is_nobody(
    county: County, doctor: Reader
) -> None:
    person, _ = county.person("a")
    row = county.session.get_one(Person, person)

    def contact(text: str | None) -> tuple[str, str, str] | None:
        row.emergency_sealed = (
            None if text is None else county.vault.seal(text, dossier.EMERGENCY, person)
        )
        county.session.flush()
        found = dossier.dossier(county.session, county.vault, doctor, person, county.now)
        known = there(found).emergency
        return (known.name, known.phone, known.relation) if known else None

    whole = {"name": "李建军", "phone": "13900002222", "relation": "son"}
    assert contact(json.dumps(whole)) == ("李建军", "13900002222", "son")
    for nobody in (None, "{}", "[]", "no json"):
        assert contact(nobody) is None
