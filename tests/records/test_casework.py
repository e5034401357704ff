"""What a doctor does about a case, and about a task."""

from __future__ import annotations

from datetime import date, datetime
from threading import Barrier, Thread

import pytest
from sqlmodel import select

from care import cadence
from care.situation import Programme
from records import caseload, casework, dossier, duties, outbound, writing
from records.casework import Acted
from records.db import Database
from records.reader import Reader
from records.tables import (
    AuditEvent,
    Escalation,
    EscalationEvent,
    FollowUp,
    OutboundMessage,
    Task,
)
from records.vault import Vault
from tests.inbox.county import County, there


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


@pytest.mark.parametrize(("name", "signed"), [("李建国", "李建国医生"), ("王医生", "王医生")])
def test_a_doctor_signs_as_a_doctor(name: str, signed: str) -> None:
    assert writing.signature(name) == signed
