"""What a township sees of the audit trail: its people and its staff, nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from records import audit, trail
from records.reader import Reader
from records.tables import AuditEvent
from records.trail import PAGE, Question, kind_of
from tests.inbox.county import County


def note(
    county: County,
    by: str,
    action: str = "read",
    person: str | None = None,
    *,
    ago: timedelta = timedelta(0),
    subject: str = "person",
    subject_id: str = "x",
) -> None:
    reader = county.readers.get(by)
    audit.note(
        county.session,
        actor=reader.actor if reader else by,
        action=action,
        subject=subject,
        subject_id=subject_id,
        person_id=person,
        now=county.now - ago,
    )
    county.session.flush()


def seen(
    county: County, login: str, question: Question | None = None, page: int = 1
) -> list[tuple[str, str, str | None]]:
    found = trail.trail(
        county.session, county.vault, county.readers[login], question or Question(), page
    )
    return [(line.by, line.action, line.person) for line in found.lines]


def test_the_township_sees_who_read_its_people_and_what_its_staff_did(county: County) -> None:
    ours, _ = county.person("a", "王桂芳")
    theirs, _ = county.person("c", "赵大爷")
    note(county, "duty", "read", ours)
    note(county, "doctor_a", "correct", ours, subject="reading")
    note(county, "duty", "read", theirs)
    note(county, "doctor_a", "sign_in", subject="practitioner")
    note(county, "duty", "sign_in", subject="practitioner")
    assert set(seen(county, "town_doctor")) == {
        ("陈静", "read", "王桂芳"),
        ("李建国", "correct", "王桂芳"),
        ("李建国", "sign_in", None),
    }
    assert len(seen(county, "duty")) == 5


@pytest.mark.parametrize("login", ["doctor_a", "bureau", "curator"])
def test_whoever_is_not_above_a_village_sees_nothing_of_it(county: County, login: str) -> None:
    ours, _ = county.person("a")
    note(county, "doctor_a", "read", ours)
    assert seen(county, login) == []


def test_it_can_be_asked_by_person_practitioner_day_and_kind(county: County) -> None:
    one, _ = county.person("a", "王一")
    other, _ = county.person("b", "王二")
    doctor: Reader = county.readers["doctor_a"]
    note(county, "doctor_a", "read", one)
    note(county, "doctor_b", "measure", other)
    note(county, "doctor_a", "sign_in", ago=timedelta(days=1), subject="practitioner")
    today = county.now.date()

    def actions(**asked: object) -> list[str]:
        question = Question(**asked)  # type: ignore[arg-type]
        return [action for _, action, _ in seen(county, "town_doctor", question)]

    assert actions(person_id=one) == ["read"]
    assert actions(practitioner_id=doctor.practitioner_id) == ["read", "sign_in"]
    assert sorted(actions(day=today)) == ["measure", "read"]
    assert actions(kind="read") == ["read"]
    assert actions(kind="change") == ["measure"]
    assert actions(kind="door") == ["sign_in"]


def test_a_wrong_password_is_seen_by_the_township_of_the_account(county: County) -> None:
    victim = county.readers["doctor_a"].practitioner_id
    note(county, "unknown", "sign_in_failed", subject="practitioner", subject_id=victim)
    note(county, "unknown", "sign_in_failed", subject="practitioner", subject_id="-")
    assert seen(county, "town_doctor") == [("李建国", "sign_in_failed", None)]


def test_a_long_trail_has_pages_newest_first(county: County) -> None:
    ours, _ = county.person("a")
    for number in range(PAGE + 1):
        note(county, "doctor_a", "read", ours, ago=timedelta(minutes=number))
    first = trail.trail(county.session, county.vault, county.readers["town_doctor"], Question())
    assert (len(first.lines), first.more) == (PAGE, True)
    assert first.lines[0].at == county.now
    assert len(seen(county, "town_doctor", page=2)) == 1


def test_the_colleagues_are_those_of_the_catchment(county: County) -> None:
    found = trail.colleagues(county.session, county.vault, county.readers["town_doctor"])
    assert {name for _, name in found} == {"李建国", "王秀兰", "张伟"}


@pytest.mark.parametrize(
    ("action", "kind"),
    [("read", "read"), ("find", "read"), ("sign_in_failed", "door"), ("correct", "change")],
)
def test_looking_and_changing_are_told_apart(action: str, kind: str) -> None:
    assert kind_of(action) == kind


def test_the_agent_and_the_operator_are_named_as_they_are(county: County) -> None:
    ours, _ = county.person("a", "王桂芳")
    county.session.add(
        AuditEvent(
            at=county.now,
            actor="agent",
            action="reading.withdrawn",
            subject="reading",
            subject_id="x",
            person_id=ours,
        )
    )
    county.session.flush()
    assert seen(county, "town_doctor") == [("agent", "reading.withdrawn", "王桂芳")]
