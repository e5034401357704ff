"""One person's file: who, the conversation, photos; and what stays out of sight."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from care.level import Level
from records import caseload, casework, dossier, duties, media, outbound, people, talk
from records.reader import Reader
from records.tables import (
    Enrolment,
    InboundMessage,
    Media,
    Person,
)
from tests.inbox.county import County, there


def test_the_file_holds_the_person_and_both_sides_of_the_conversation(
    county: County, doctor: Reader
) -> None:
    person, point = county.person("a")
    first = county.says(point, "190/115 头疼", ago=timedelta(minutes=5))
    row = county.session.get_one(InboundMessage, first)
    row.level = "emergency"
    row.passive_sealed = county.vault.seal("马上打120", "inbound_messages.passive", first)
    county.session.add(row)
    case = county.alarm(person, point)
    casework.reply(
        county.session,
        county.vault,
        doctor,
        case,
        text="马上来卫生室",
        once="1",
        now=county.now,
    )
    county.pressure(person, 190, 115)
    found = there(dossier.dossier(county.session, county.vault, doctor, person, county.now))
    assert (found.name, found.phone, found.village) == ("王桂芳", "13800001111", "东沟村")
    assert [p.programme for p in found.programmes] == ["hypertension"]
    assert [c.channel for c in found.contacts] == ["wechat"]
    assert [r.systolic for r in found.readings] == [190]
    assert found.open_case_id == case
    spoken = [(b.speaker, b.text) for b in found.conversation]
    assert spoken == [
        ("patient", "190/115 头疼"),
        ("machine", "马上打120"),
        ("doctor", "李建国医生回复：马上来卫生室"),
    ]
    assert found.conversation[-1].state == "queued"
    assert found.conversation[0].level is Level.EMERGENCY


def test_on_a_shared_phone_another_villages_patient_stays_out_of_sight(
    county: County, doctor: Reader
) -> None:
    father, point = county.person("a", "王大山")
    elsewhere, _ = county.person("c", "刘秀英")
    people.link(county.session, elsewhere, point, county.now, "mother")
    county.says(point, "我爸 150/90", about=father)
    hidden = county.says(point, "我婆婆血糖 12", about=elsewhere)
    photo = county.photo(hidden, b"jpeg")
    outbound.queue(
        county.session,
        county.vault,
        outbound.Draft(
            purpose="reply",
            text_key="reading.recorded",
            body="记下了：血糖12",
            send_key="r1",
            contact_point_id=point,
            person_id=elsewhere,
            expires_at=county.now + timedelta(days=1),
        ),
        county.now,
    )
    county.alarm(father, point)
    found = there(dossier.dossier(county.session, county.vault, doctor, father, county.now))
    assert [b.text for b in found.conversation] == ["我爸 150/90"]
    (line,) = caseload.open_list(county.session, county.vault, doctor, county.now).cases
    assert line.last_words == "我爸 150/90"
    assert dossier.media(county.session, county.vault, doctor, photo) is None


def test_notices_to_doctors_are_no_part_of_the_conversation(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    outbound.queue(
        county.session,
        county.vault,
        outbound.Draft(
            purpose="notice",
            text_key="notice.emergency",
            body="紧急",
            send_key="n1",
            practitioner_id=doctor.practitioner_id,
            person_id=person,
            expires_at=county.now + timedelta(days=1),
        ),
        county.now,
    )
    found = there(dossier.dossier(county.session, county.vault, doctor, person, county.now))
    assert found.conversation == ()


def test_one_message_that_does_not_open_hides_nothing_else(county: County, doctor: Reader) -> None:
    person, point = county.person("a")
    broken = county.session.get_one(InboundMessage, county.says(point, "坏了", ago=timedelta(1)))
    broken.body_sealed = b"\x01" + bytes(40)
    county.session.add(broken)
    county.says(point, "好的")
    county.alarm(person, point)
    found = there(dossier.dossier(county.session, county.vault, doctor, person, county.now))
    assert [b.text for b in found.conversation] == [None, "好的"]


def test_a_long_conversation_shows_its_end_and_says_that_there_is_more(
    county: County, doctor: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "MESSAGES_LIMIT", 3)
    person, point = county.person("a")
    for minute in range(5):
        county.says(point, f"{minute}", ago=timedelta(minutes=10 - minute))
    found = there(dossier.dossier(county.session, county.vault, doctor, person, county.now))
    assert [b.text for b in found.conversation] == ["2", "3", "4"]
    assert found.more_messages


def test_a_photo_is_opened_for_the_reader(county: County, doctor: Reader) -> None:
    _, point = county.person("a")
    message = county.says(point, "", kind="image")
    photo = county.photo(message, b"jpeg bytes")
    opened = there(dossier.media(county.session, county.vault, doctor, photo))
    assert (opened.content, opened.content_type) == (b"jpeg bytes", "image/jpeg")


@pytest.mark.parametrize("state", [media.WANTED, media.FAILED])
def test_a_photo_that_has_not_come_is_not_there(county: County, doctor: Reader, state: str) -> None:
    _, point = county.person("a")
    photo = county.photo(county.says(point, "", kind="image"), b"x")
    row = county.session.get_one(Media, photo)
    row.state = state
    county.session.add(row)
    assert dossier.media(county.session, county.vault, doctor, photo) is None


def test_a_task_brings_the_number_and_the_words_along(county: County, doctor: Reader) -> None:
    person, point = county.person("a")
    message = county.says(point, "听不懂的话")
    photo = county.photo(message, b"x")
    county.task(person, kind="read_message", reason="turn_failed", message_id=message)
    county.task(person)
    reading, call = sorted(
        duties.open_tasks(county.session, county.vault, doctor), key=lambda j: j.kind, reverse=True
    )
    assert (reading.words, reading.media) == ("听不懂的话", (photo,))
    assert (call.name, call.phone, call.words) == ("王桂芳", "13800001111", None)


def test_a_stranger_has_a_file_without_a_name(county: County) -> None:
    person, _ = county.person(None)
    row = county.session.get_one(Person, person)
    row.name_sealed, row.phone_sealed, row.status = None, None, "unidentified"
    county.session.add(row)
    for enrolment in county.session.exec(
        select(Enrolment).where(col(Enrolment.person_id) == person)
    ):
        county.session.delete(enrolment)
    county.session.flush()
    found = there(
        dossier.dossier(county.session, county.vault, county.readers["duty"], person, county.now)
    )
    assert (found.name, found.phone, found.village) == ("", None, None)
