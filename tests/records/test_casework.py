"""The open list, one person's file, and what a doctor does about a case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from care import cadence
from care.level import Level
from care.situation import Programme
from records import caseload, casework, dossier, duties, media, outbound, people
from records.casework import Acted
from records.db import Database
from records.reader import Reader
from records.tables import (
    AuditEvent,
    Enrolment,
    Escalation,
    EscalationEvent,
    FollowUp,
    InboundMessage,
    Media,
    OutboundMessage,
    Person,
    Task,
)
from records.vault import Vault
from tests.inbox.county import County, there


@pytest.fixture
def county(database: Database, vault: Vault, now: datetime) -> Iterator[County]:
    with database.transaction() as session:
        yield County(session, vault, now).build()


@pytest.fixture
def doctor(county: County) -> Reader:
    return county.readers["doctor_a"]


def listed(county: County, reader: Reader, limit: int = 200) -> caseload.OpenList:
    return caseload.open_list(county.session, county.vault, reader, limit)


def test_the_most_urgent_comes_first_then_what_nobody_took_then_the_oldest(
    county: County, doctor: Reader
) -> None:
    urgent = county.alarm(*county.person("a"), level=Level.URGENT, ago=timedelta(hours=9))
    young = county.alarm(*county.person("a"), ago=timedelta(minutes=2))
    old = county.alarm(*county.person("a"), ago=timedelta(minutes=8))
    taken = county.alarm(*county.person("a"), ago=timedelta(minutes=30))
    routine = county.alarm(*county.person("a"), level=Level.ROUTINE, ago=timedelta(days=9))
    casework.acknowledge(county.session, county.vault, doctor, taken, county.now)
    order = [case.id for case in listed(county, doctor).cases]
    assert order == [old, young, taken, urgent, routine]


def test_a_line_says_who_where_why_and_the_last_words(county: County, doctor: Reader) -> None:
    person, point = county.person("a", "王桂芳")
    county.says(point, "量了", ago=timedelta(minutes=9))
    county.says(point, "190/115 头疼得厉害", ago=timedelta(minutes=4))
    county.says(point, "<Event>", ago=timedelta(minutes=1), kind="event")
    county.alarm(person, point)
    (line,) = listed(county, doctor).cases
    assert (line.name, line.village) == ("王桂芳", "东沟村")
    assert line.reasons == ("bp_crisis", "severe_headache")
    assert line.last_words == "190/115 头疼得厉害"
    assert line.last_at == county.now - timedelta(minutes=4)


def test_a_closed_case_and_another_village_are_not_listed(county: County, doctor: Reader) -> None:
    closed = county.alarm(*county.person("a"))
    casework.close(
        county.session, county.vault, doctor, closed, outcome="reached", remark="", now=county.now
    )
    county.alarm(*county.person("b"), place="b")
    assert listed(county, doctor) == caseload.OpenList((), 0)
    assert len(listed(county, county.readers["town_doctor"]).cases) == 1


def test_a_long_list_is_cut_but_says_how_many_there_are(county: County, doctor: Reader) -> None:
    for _ in range(3):
        county.alarm(*county.person("a"))
    shown = listed(county, doctor, limit=2)
    assert (len(shown.cases), shown.total) == (2, 3)


def test_the_list_is_one_statement_however_long_it_is(county: County, doctor: Reader) -> None:
    for _ in range(5):
        person, point = county.person("a")
        county.says(point, "你好")
        county.alarm(person, point)
    county.session.flush()
    statements = []
    connection = county.session.connection()
    event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert len(listed(county, doctor).cases) == 5
    assert len(statements) == 1


def test_the_numbers_beside_the_menu_are_those_of_the_catchment(
    county: County, doctor: Reader
) -> None:
    person, point = county.person("a")
    taken = county.alarm(person, point)
    county.alarm(*county.person("a"))
    casework.acknowledge(county.session, county.vault, doctor, taken, county.now)
    county.task(person)
    elsewhere, there = county.person("b")
    county.alarm(elsewhere, there, place="b")
    county.task(elsewhere, place="b")
    assert caseload.tally(county.session, doctor) == caseload.Tally(2, 1, 1)


def test_taking_a_case_stops_the_clock_and_is_written_down(county: County, doctor: Reader) -> None:
    case = county.alarm(*county.person("a"))
    acted = there(casework.acknowledge(county.session, county.vault, doctor, case, county.now))
    assert acted.done
    county.session.expire_all()
    row = county.session.get_one(Escalation, case)
    assert (row.state, row.next_escalation_at) == ("acknowledged", None)
    assert row.acknowledged_by == doctor.practitioner_id
    happened = caseload.events(county.session, county.vault, case)
    assert [(e.kind, e.by) for e in happened] == [("opened", None), ("acknowledged", "李建国")]
    noted = county.session.exec(select(AuditEvent)).one()
    assert (noted.action, noted.subject_id, noted.actor) == ("acknowledge", case, doctor.actor)


def test_taking_ones_own_case_again_changes_nothing(county: County, doctor: Reader) -> None:
    case = county.alarm(*county.person("a"))
    for _ in range(2):
        acted = there(casework.acknowledge(county.session, county.vault, doctor, case, county.now))
        assert acted.done
    assert len(caseload.events(county.session, county.vault, case)) == 2


def test_of_two_doctors_one_wins_and_the_other_is_told_who(
    database: Database, vault: Vault, now: datetime
) -> None:
    with database.transaction() as session:
        county = County(session, vault, now).build()
        case = county.alarm(*county.person("a"))
    ready = Barrier(2)
    answers: dict[str, Acted] = {}

    def press(login: str) -> None:
        ready.wait()
        with database.transaction() as session:
            acted = casework.acknowledge(session, vault, county.readers[login], case, now)
            answers[login] = there(acted)

    threads = [Thread(target=press, args=(login,)) for login in ("doctor_a", "town_doctor")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {"doctor_a": "李建国", "town_doctor": "张伟"}
    (winner,) = [login for login, acted in answers.items() if acted.done]
    (loser,) = [login for login, acted in answers.items() if not acted.done]
    assert answers[loser].by == names[winner]


def say(
    county: County, reader: Reader, case: str, text: str = "马上来卫生室", once: str = "1"
) -> Acted:
    return there(
        casework.reply(
            county.session, county.vault, reader, case, text=text, once=once, now=county.now
        )
    )


def test_a_reply_is_queued_under_the_doctors_name_and_takes_the_case(
    county: County, doctor: Reader
) -> None:
    person, point = county.person("a")
    case = county.alarm(person, point)
    assert say(county, doctor, case).done
    row = county.session.exec(select(OutboundMessage)).one()
    assert outbound.text_of(county.vault, row) == "李建国医生回复：马上来卫生室"
    assert (row.purpose, row.contact_point_id, row.author_id, row.escalation_id) == (
        "doctor",
        point,
        doctor.practitioner_id,
        case,
    )
    kinds = {e.kind for e in caseload.events(county.session, county.vault, case)}
    assert kinds == {"opened", "replied", "acknowledged"}


def test_the_same_form_sent_twice_is_one_message(county: County, doctor: Reader) -> None:
    case = county.alarm(*county.person("a"))
    assert say(county, doctor, case).done
    assert say(county, doctor, case).done
    assert len(county.session.exec(select(OutboundMessage)).all()) == 1
    assert len(caseload.events(county.session, county.vault, case)) == 3


def test_a_reply_leaves_the_case_with_the_doctor_who_took_it(
    county: County, doctor: Reader
) -> None:
    case = county.alarm(*county.person("a"))
    casework.acknowledge(county.session, county.vault, doctor, case, county.now)
    assert say(county, county.readers["town_doctor"], case).done
    head = there(caseload.heading(county.session, county.vault, doctor, case))
    assert head.acknowledged_by == "李建国"


def test_nobody_can_be_answered_without_an_address(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    case = county.alarm(person, None)
    acted = say(county, doctor, case)
    assert (acted.done, acted.state) == (False, "no_address")


def test_closing_needs_one_of_the_five_outcomes(county: County, doctor: Reader) -> None:
    case = county.alarm(*county.person("a"))
    with pytest.raises(ValueError, match="cured"):
        casework.close(
            county.session, county.vault, doctor, case, outcome="cured", remark="", now=county.now
        )


def test_closing_keeps_outcome_remark_and_who(county: County, doctor: Reader) -> None:
    case = county.alarm(*county.person("a"))
    acted = there(
        casework.close(
            county.session,
            county.vault,
            doctor,
            case,
            outcome="called_120",
            remark="家属已陪同上车",
            now=county.now,
        )
    )
    assert (acted.done, acted.state) == (True, "closed")
    county.session.expire_all()
    row = county.session.get_one(Escalation, case)
    assert (row.state, row.outcome, row.closed_by) == (
        "closed",
        "called_120",
        doctor.practitioner_id,
    )
    # Closing an untaken case takes it: the time to acknowledgement is never empty.
    assert row.acknowledged_at == county.now
    last = caseload.events(county.session, county.vault, case)[-1]
    assert (last.kind, last.reasons, last.note) == ("closed", ("called_120",), "家属已陪同上车")
    sealed = county.session.exec(
        select(EscalationEvent.note_sealed).where(EscalationEvent.kind == "closed")
    ).one()
    assert "家属".encode() not in there(sealed)


def refer(county: County, doctor: Reader, case: str) -> None:
    casework.close(
        county.session,
        county.vault,
        doctor,
        case,
        outcome="referred",
        remark="",
        now=county.now,
    )


def test_a_referral_plans_its_own_check_for_each_programme(county: County, doctor: Reader) -> None:
    both = (Programme.HYPERTENSION, Programme.TYPE2_DIABETES)
    person, point = county.person("a", programmes=both)
    refer(county, doctor, county.alarm(person, point))
    planned = county.session.exec(select(FollowUp)).all()
    due = cadence.referral_check(date(2026, 11, 23))
    assert {row.programme for row in planned} == set(both)
    assert {(row.due_on, row.reason) for row in planned} == {(due.on, "referral_check")}
    assert county.session.exec(select(Task)).all() == []


def test_who_is_under_no_management_is_phoned_after_a_referral(
    county: County, doctor: Reader
) -> None:
    person, point = county.person("a", programmes=())
    refer(county, doctor, county.alarm(person, point))
    row = county.session.exec(select(Task)).one()
    due = cadence.referral_check(date(2026, 11, 23))
    assert (row.kind, row.reason, row.due_on) == ("call", "referral_check", due.on)


def test_a_case_is_closed_once_and_the_second_is_told_who(county: County, doctor: Reader) -> None:
    case = county.alarm(*county.person("a"))

    def shut(reader: Reader) -> Acted:
        acted = casework.close(
            county.session,
            county.vault,
            reader,
            case,
            outcome="reached",
            remark="",
            now=county.now,
        )
        return there(acted)

    assert shut(doctor).done
    late = shut(county.readers["town_doctor"])
    assert (late.done, late.by, late.state) == (False, "李建国", "closed")


def test_another_village_does_not_exist(county: County) -> None:
    person, point = county.person("a")
    case = county.alarm(person, point)
    job = county.task(person)
    photo = county.photo(county.says(point, "", kind="image"), b"jpeg")
    stranger = county.readers["doctor_b"]
    here = (county.session, county.vault, stranger)
    assert caseload.heading(*here, case) is None
    assert casework.acknowledge(*here, case, county.now) is None
    assert casework.reply(*here, case, text="x", once="1", now=county.now) is None
    assert casework.close(*here, case, outcome="reached", remark="", now=county.now) is None
    assert duties.finish_task(*here, job, outcome="done", now=county.now) is None
    assert duties.open_tasks(*here) == ()
    assert dossier.dossier(*here, person, county.now) is None
    assert dossier.media(*here, photo) is None
    assert county.session.exec(select(AuditEvent)).all() == []
    assert county.session.get_one(Escalation, case).state == "open"


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
    say(county, doctor, case)
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
    assert listed(county, doctor).cases[0].last_words == "我爸 150/90"
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
    monkeypatch.setattr(dossier, "MESSAGES_LIMIT", 3)
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


def test_a_task_is_closed_once_and_the_second_is_told_who(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    job = county.task(person)

    def finish(reader: Reader) -> Acted:
        acted = duties.finish_task(
            county.session, county.vault, reader, job, outcome="reached", now=county.now
        )
        return there(acted)

    assert finish(doctor).done
    late = finish(county.readers["town_doctor"])
    assert (late.done, late.by) == (False, "李建国")
    county.session.expire_all()
    assert county.session.get_one(Task, job).outcome == "reached"
    assert duties.open_tasks(county.session, county.vault, doctor) == ()


def test_a_task_has_no_other_outcomes(county: County, doctor: Reader) -> None:
    job = county.task(county.person("a")[0])
    found = duties.finish_task(
        county.session, county.vault, doctor, job, outcome="forgot", now=county.now
    )
    assert found is None


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


@pytest.mark.parametrize(("name", "signed"), [("李建国", "李建国医生"), ("王医生", "王医生")])
def test_a_doctor_signs_as_a_doctor(name: str, signed: str) -> None:
    assert casework.signature(name) == signed
