"""From the conversation to the signed form; three at once; a call and what came of it, tap by tap."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import col, select, update

from care.reading import Kind, Reading
from care.situation import Programme
from records import follow_ups, readings, tasks
from records.people import china_date
from records.tables import Enrolment, FollowUp, Person, Task
from simulator.settings import DemoPatient
from suifang import clock
from tests.journeys.county import County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, PHONE, Eyes
from tests.journeys.phone import Phone

pytestmark = pytest.mark.slow
HTN = Programme.HYPERTENSION


@dataclass
class Thumb:
    """Counts what a doctor taps."""

    page: Page
    taps: int = field(default=0)

    def on(self, role: str, name: str) -> None:
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        self.taps += 1

    def pick(self, name: str, value: str) -> None:
        self.page.locator(f'[name="{name}"][value="{value}"]').check()
        self.taps += 1

    def writes(self, name: str, value: str) -> None:
        self.page.locator(f'[name="{name}"]').fill(value)
        self.taps += 1


@pytest.fixture
def quiet(county: County) -> County:
    """No draft and no task but those a test makes."""
    with county.database.transaction() as session:
        waiting = col(FollowUp.state).in_(("draft", "open", "planned", "silent"))
        session.exec(update(FollowUp).where(waiting).values(state="cancelled"))
        open_tasks = col(Task.closed_at).is_(None)
        session.exec(update(Task).where(open_tasks).values(closed_at=clock.now(), outcome="done"))
    return county


def patients_of(county: County, login: str) -> list[DemoPatient]:
    """Those of one doctor with hypertension alone."""
    return [
        one
        for one in county.patients
        if county.doctor_of(one) == login and one.about.endswith("岁，高血压")
    ]


def begin(county: County, person: Person) -> str:
    """A follow-up that is being asked about."""
    now = clock.now()
    with county.database.transaction() as session:
        # The first free day before today: the seeded year holds follow-ups of its own.
        days = (china_date(now) - timedelta(days=back) for back in range(1, 30))
        assert any(follow_ups.plan(session, person.id, HTN, day) for day in days)
        row = session.exec(
            select(FollowUp)
            .where(FollowUp.person_id == person.id)
            .where(FollowUp.state == "planned")
        ).one()
        later = now + timedelta(days=2)
        follow_ups.start(session, [row.id], now=now - timedelta(minutes=5), next_step_at=later)
        return row.id


def calm_drafts(county: County, login: str, count: int) -> list[str]:
    """Drafts of people who are well."""
    now = clock.now()
    with county.database.reading() as session:
        place = county.person_of(patients_of(county, login)[0]).facility_id
        people = session.exec(
            select(Person)
            .join(Enrolment, col(Enrolment.person_id) == col(Person.id))
            .where(Person.facility_id == place)
            .where(Person.status == "active")
            .where(Enrolment.programme == HTN)
            .order_by(col(Person.id))
        ).all()
    made = []
    for person in people[-count:]:
        row = begin(county, person)
        with county.database.transaction() as session:
            value = Reading(Kind.BP, systolic=122, diastolic=76)
            readings.store(session, person.id, value, readings.Provenance(), taken_at=now, now=now)
            session.exec(
                update(FollowUp)
                .where(col(FollowUp.person_id) == person.id)
                .where(col(FollowUp.state) != "open")
                .values(classification=None)
            )
            answers = {"symptoms": [], "medicine_taken": True}
            follow_ups.draft(session, row, answers, "satisfactory", now)
        made.append(row)
    return made


def state_of(county: County, row: str) -> FollowUp:
    with county.database.reading() as session:
        return session.get_one(FollowUp, row)


def test_three_calm_drafts_are_one_tap(quiet: County, eyes: Eyes) -> None:
    made = calm_drafts(quiet, "doctor1", 3)
    desk = Desk(eyes.window(PHONE, script=False), quiet.pages)
    desk.signs_in("doctor1")
    desk.opens("/follow-ups")
    expect(desk.page.locator('.together input[name="id"]')).to_have_count(3)
    thumb = Thumb(desk.page)
    thumb.on("button", "一起签名")
    expect(desk.page.get_by_role("status")).to_contain_text("签好了 3 张")
    assert thumb.taps == 1
    assert [state_of(quiet, row).state for row in made] == ["signed"] * 3


def test_a_call_and_a_visit_in_few_taps(quiet: County, eyes: Eyes) -> None:
    patient = patients_of(quiet, "doctor1")[0]
    person = quiet.person_of(patient)
    with quiet.database.transaction() as session:
        tasks.open_task(
            session,
            task_key=f"journey:{person.id}",
            kind=tasks.CALL,
            reason="silent",
            person_id=person.id,
            contact_point_id=None,
            facility_id=person.facility_id,
            now=clock.now(),
        )
    desk = Desk(eyes.window(DESK), quiet.pages)
    desk.signs_in("doctor1")
    desk.opens("/tasks")
    thumb = Thumb(desk.page)
    thumb.on("button", "没人接")
    expect(desk.page.get_by_role("status")).to_contain_text("再提醒您打")
    assert thumb.taps == 1
    desk.page.get_by_text("改天再打的（1）").click()
    thumb.on("button", "打通了，记随访")
    thumb.taps = 0
    thumb.pick("contact", "clinic")
    thumb.writes("systolic", "134")
    thumb.writes("diastolic", "82")
    thumb.pick("hypertension:symptoms.1", "1")
    thumb.pick("med_adherence", "1")
    thumb.pick("adr", "1")
    thumb.on("button", "存下并签名")
    expect(desk.page.get_by_role("status")).to_contain_text("签好了")
    assert thumb.taps == 7
    desk.opens("/tasks")
    expect(desk.page.locator(".job")).to_have_count(0)


def test_from_the_conversation_to_a_signed_form(quiet: County, eyes: Eyes) -> None:
    # Of another doctor than the other journeys: nobody else measures here meanwhile.
    login = next(one for one in ("doctor2", "doctor3") if patients_of(quiet, one))
    patient = patients_of(quiet, login)[0]
    row = begin(quiet, quiet.person_of(patient))
    phone = Phone.of(quiet, eyes.window(), patient)
    phone.say("129/79，没有不舒服，药按时吃了")
    phone.reads("这次随访记好了")
    desk = Desk(eyes.window(PHONE), quiet.pages)
    desk.signs_in(login)
    desk.opens("/follow-ups")
    thumb = Thumb(desk.page)
    desk.page.locator(f'a[href="/follow-ups/{row}"]').first.click()
    thumb.taps += 1
    expect(desk.page.locator('[name="systolic"]')).to_have_value("129")
    desk.page.locator('[name="drug1_name"]').fill("氨氯地平")
    thumb.on("button", "签名")
    expect(desk.page.get_by_role("status")).to_contain_text("签好了")
    expect(desk.page.locator(".filled")).to_contain_text("氨氯地平")
    assert thumb.taps == 2
    signed = state_of(quiet, row)
    assert (signed.state, signed.mode) == ("signed", "message")
    desk.page.get_by_role("link", name="打印").click()
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("高血压患者随访服务记录表")
