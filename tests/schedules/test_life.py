"""After somebody died, moved, went away or refused, nobody is sent what was planned."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from care.level import Level
from care.situation import Programme
from channels.delivery import Limits, Routes, deliver_due
from records import escalations, follow_ups, life, outbound, people, tasks
from records.db import Database
from records.festivals import next_spring_festival
from records.life import ACTIVE, AWAY, DECEASED, MOVED, REFUSED, LifeError, Wish
from records.outbound import Draft
from records.people import Registration, china_date
from records.reader import Reader
from records.tables import (
    ContactPoint,
    Enrolment,
    Escalation,
    FollowUp,
    InboundMessage,
    OutboundMessage,
    Person,
    Task,
)
from records.vault import Vault
from schedules.following_up import open_due, remind_due
from tests.agent.scene import Village
from tests.channels.world import ScriptedChannel

DOCTOR = "01900000-0000-7000-8000-000000000001"
HYPERTENSION, DIABETES = Programme.HYPERTENSION, Programme.TYPE2_DIABETES


class Home(Village):
    """A village whose patient has something of everything planned, and a spouse on the same phone."""

    def __init__(self, database: Database, vault: Vault, now: datetime) -> None:
        super().__init__(database, vault, now)
        self.channel = ScriptedChannel()
        self.reader = Reader(DOCTOR, "village_doctor", self.facility.id, self.facility.path)
        with database.transaction() as session:
            spouse = Registration("李大山", self.facility.id, programmes=(HYPERTENSION,))
            self.spouse = people.register(session, vault, spouse, now)
            contact = session.get_one(ContactPoint, self.contact_id)
            contact.window_until, contact.window_left = now + timedelta(days=900), 900
            session.add(contact)

    @property
    def today(self) -> date:
        return china_date(self.now)

    def plan(self, *ahead: int, programme: str = HYPERTENSION) -> None:
        with self.database.transaction() as session:
            for days in ahead:
                due_on = self.today + timedelta(days=days)
                follow_ups.plan(session, self.patient.id, programme, due_on)

    def change(self, status: str, **wish: object) -> life.Changed | None:
        with self.database.transaction() as session:
            return life.change(
                session,
                self.vault,
                self.reader,
                self.patient.id,
                Wish(status, **wish),  # type: ignore[arg-type]
                self.now,
            )

    def tick(self, **ahead: float) -> None:
        """Let time pass, run the ticks twice and deliver."""
        self.later(**ahead)
        for _ in range(2):
            open_due(self.database, self.tools, self.now)
            remind_due(self.database, self.tools, self.now)
            asyncio.run(self._deliver())

    async def _deliver(self) -> None:
        routes = Routes({("wechat", "wx1"): self.channel})
        await deliver_due(self.database, self.vault, routes, self.now, limits=Limits(lanes=1))

    def queue(self, purpose: str, body: str, person_id: str | None = None) -> None:
        with self.database.transaction() as session:
            draft = Draft(
                purpose=purpose,
                text_key="canned.recheck",
                body=body,
                send_key=f"test:{body}",
                person_id=person_id or self.patient.id,
                contact_point_id=self.contact_id,
                expires_at=self.now + timedelta(days=1),
            )
            outbound.queue(session, self.vault, draft, self.now)

    def follow_ups(self) -> dict[date, str]:
        with self.database.reading() as session:
            rows = session.exec(select(FollowUp).where(FollowUp.person_id == self.patient.id))
            return {row.due_on: row.state for row in rows}

    def open_tasks(self) -> list[str]:
        with self.database.reading() as session:
            rows = session.exec(select(Task).where(col(Task.closed_at).is_(None))).all()
            return sorted(row.reason for row in rows)

    def person(self) -> Person:
        with self.database.reading() as session:
            return session.get_one(Person, self.patient.id)


@pytest.fixture
def home(database: Database, vault: Vault, now: datetime) -> Home:
    return Home(database, vault, now)


@pytest.fixture
def house(sqlite_database: Database, vault: Vault, now: datetime) -> Home:
    """The same on SQLite alone."""
    return Home(sqlite_database, vault, now)


@pytest.mark.parametrize("status", [AWAY, MOVED, REFUSED, DECEASED])
def test_after_it_nobody_gets_a_planned_message(home: Home, status: str) -> None:
    home.plan(0)
    home.plan(30, programme=DIABETES)
    home.later(hours=-2)  # before eight: the opening is queued, not sent
    open_due(home.database, home.tools, home.now + timedelta(hours=2))
    home.queue("education", "少吃盐")
    home.change(status)
    for _ in range(40):
        home.tick(days=1)
    assert home.channel.texts == []
    assert {"open", "silent"}.isdisjoint(home.follow_ups().values())
    assert home.open_tasks() == []


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (AWAY, {"记下了", "别慌", "明天来"}),
        (MOVED, {"记下了", "别慌", "明天来"}),
        (REFUSED, {"记下了", "别慌", "明天来"}),
        (DECEASED, set()),
    ],
)
def test_answers_under_way_still_go_except_to_the_dead(
    house: Home, status: str, sent: set[str]
) -> None:
    for purpose, body in (("reply", "记下了"), ("safety", "别慌"), ("doctor", "明天来")):
        house.queue(purpose, body)
    house.queue("reply", "老伴的记下了", house.spouse.id)
    house.change(status)
    house.tick(minutes=1)
    assert set(house.channel.texts) == sent | {"老伴的记下了"}
    assert house.open_tasks() == []


def test_what_was_put_back_for_another_try_is_not_sent_to_the_dead(house: Home) -> None:
    house.queue("safety", "别慌")
    with house.database.transaction() as session:
        row = outbound.claim_due(session, house.now, timedelta(seconds=1))
        assert row is not None
    house.change(DECEASED)
    with house.database.transaction() as session:
        outbound.put_back(session, row, "busy", house.now)
    house.tick(minutes=1)
    assert house.channel.texts == []


@pytest.mark.parametrize(
    ("status", "ended"), [(AWAY, False), (REFUSED, False), (MOVED, True), (DECEASED, True)]
)
def test_only_leaving_for_good_ends_the_management(house: Home, status: str, ended: bool) -> None:
    on = house.today - timedelta(days=3)
    house.change(status, **({"on": on} if ended else {}))
    with house.database.reading() as session:
        row = session.exec(select(Enrolment).where(Enrolment.person_id == house.patient.id)).one()
    assert (row.ended_on, row.ended_reason) == ((on, status) if ended else (None, None))


@pytest.mark.parametrize("status", [AWAY, MOVED, REFUSED, DECEASED])
def test_a_slip_is_undone_without_a_trace_in_the_plan(house: Home, status: str) -> None:
    house.plan(0)
    house.tick()
    house.plan(60, programme=DIABETES)
    with house.database.transaction() as session:
        tasks.open_task(
            session,
            task_key="silent:1",
            kind=tasks.CALL,
            reason="silent",
            person_id=house.patient.id,
            contact_point_id=None,
            facility_id=None,
            now=house.now,
        )
    days = set(house.follow_ups())
    said = list(house.channel.texts)
    house.change(status)
    house.later(minutes=5)
    house.change(ACTIVE)
    house.tick(minutes=1)
    assert set(house.follow_ups()) == days
    assert house.channel.texts == said, "what was asked already is not asked again"
    assert house.open_tasks() == ["silent"]
    with house.database.reading() as session:
        assert all(row.ended_on is None for row in session.exec(select(Enrolment)).all())


def test_whoever_comes_back_years_later_is_asked_again(house: Home) -> None:
    house.plan(0)
    house.tick()
    house.change(MOVED)
    house.tick(days=400)
    assert len(house.channel.texts) == 1
    house.change(ACTIVE)
    house.tick()
    assert len(house.channel.texts) == 2
    assert house.follow_ups()[house.today] == "open"


# --- working elsewhere ----------------------------------------------------------------------------


def test_away_over_new_year_resumes_by_itself(home: Home) -> None:
    home.plan(0)
    home.tick()
    home.plan(45, programme=DIABETES)
    home.change(AWAY)
    assert home.person().away_until == date(2027, 2, 6)
    before = len(home.channel.texts)
    while home.today < date(2027, 2, 5):
        home.tick(days=1)
    assert (home.person().status, len(home.channel.texts)) == (AWAY, before)
    home.tick(days=1)
    assert home.person().status == ACTIVE
    assert len(home.channel.texts) == before + 1
    assert home.follow_ups()[date(2027, 2, 6)] == "open"


def test_away_keeps_one_plan_ahead_per_programme(house: Home) -> None:
    house.plan(0)
    house.tick()
    house.plan(30)
    house.change(AWAY, until=house.today + timedelta(days=90))
    planned = [day for day, state in house.follow_ups().items() if state == "planned"]
    assert planned == [house.today + timedelta(days=90)]


def test_a_plan_after_the_return_stays_where_it_is(house: Home) -> None:
    house.plan(100)
    house.change(AWAY, until=house.today + timedelta(days=90))
    assert house.follow_ups() == {house.today + timedelta(days=100): "planned"}


def test_the_return_is_found_from_the_rows_after_a_standstill(house: Home) -> None:
    house.plan(1)
    house.change(AWAY, until=house.today + timedelta(days=10))
    house.tick(days=25)
    assert house.person().status == ACTIVE
    assert len(house.channel.texts) == 1


def test_going_away_after_having_moved_is_a_return_first(house: Home) -> None:
    house.plan(20)
    house.change(MOVED)
    house.change(AWAY, until=house.today + timedelta(days=30))
    assert house.follow_ups() == {house.today + timedelta(days=30): "planned"}
    with house.database.reading() as session:
        rows = session.exec(select(Enrolment).where(Enrolment.person_id == house.patient.id)).all()
        assert [row.ended_on for row in rows] == [None]


@pytest.mark.parametrize(
    "wish",
    [
        Wish(AWAY, until=date(2026, 11, 23)),
        Wish(AWAY, until=date(2030, 1, 1)),
        Wish(DECEASED, on=date(2026, 11, 24)),
        Wish(MOVED, on=date(1990, 1, 1)),
        Wish(MOVED, place="远" * 61),
    ],
)
def test_days_that_cannot_be_are_refused(house: Home, wish: Wish) -> None:
    with pytest.raises(LifeError), house.database.transaction() as session:
        life.change(session, house.vault, house.reader, house.patient.id, wish, house.now)
    assert house.person().status == ACTIVE


def test_after_the_table_of_festivals_a_year_is_taken() -> None:
    assert next_spring_festival(date(2060, 3, 1)) == date(2061, 3, 1)
    assert next_spring_festival(date(2027, 2, 6)) == date(2028, 1, 26)


# --- those who died -------------------------------------------------------------------------------


def test_a_death_ends_the_case_and_a_slip_rings_it_again(house: Home) -> None:
    with house.database.transaction() as session:
        escalations.raise_alarm(
            session,
            person_id=house.patient.id,
            contact_point_id=house.contact_id,
            facility_id=house.facility.id,
            level=Level.EMERGENCY,
            reasons=("bp_crisis",),
            now=house.now,
            rings_at=house.now,
        )
    house.change(DECEASED)
    with house.database.reading() as session:
        case = session.exec(select(Escalation)).one()
        assert (case.state, case.outcome) == ("closed", "deceased")
        assert escalations.due(session, house.now + timedelta(days=1)) == []
    house.later(minutes=5)
    house.change(ACTIVE)
    with house.database.reading() as session:
        assert [row.id for row in escalations.due(session, house.now)] == [case.id]


@pytest.mark.parametrize("status", [DECEASED, MOVED])
def test_a_message_from_their_phone_is_read_answered_and_shown_to_a_doctor(
    house: Home, status: str
) -> None:
    house.change(status)
    house.later(hours=1)
    house.say("高压190低压115，头痛得厉害")
    house.say("是我，他老伴")
    house.tick(minutes=1)
    assert house.channel.texts, "whoever wrote is answered"
    assert house.open_tasks().count(f"wrote_though_{status}") == 1
    with house.database.reading() as session:
        assert session.exec(select(Escalation)).one().level == "emergency"
        heard = session.exec(select(InboundMessage).where(InboundMessage.kind == "text")).all()
        assert [row.passive_sealed is not None for row in heard] == [True, False]


def test_the_phone_of_the_dead_is_held_by_those_who_share_it(house: Home) -> None:
    with house.database.transaction() as session:
        people.link(session, house.spouse.id, house.contact_id, house.now, relation="spouse")
    house.change(DECEASED)
    house.later(hours=1)
    house.say("血压128/78")
    assert house.open_tasks() == []
    with house.database.reading() as session:
        behind = people.behind(session, house.contact_id)
        assert [(who.person.id, who.relation) for who in behind] == [(house.spouse.id, "self")]


def test_another_village_cannot_say_who_died(house: Home) -> None:
    house.reader = Reader(DOCTOR, "village_doctor", "elsewhere", "elsewhere/")
    assert house.change(DECEASED) is None
    assert house.person().status == ACTIVE


def test_a_stranger_has_no_life_yet(house: Home) -> None:
    with house.database.transaction() as session:
        session.get_one(Person, house.patient.id).status = "unidentified"
    assert house.change(DECEASED) is None


# --- the hour asked for ---------------------------------------------------------------------------


@pytest.mark.parametrize(("hour", "sent_at"), [(19, 19), (8, 9), (9, 9), (None, 9)])
def test_a_reminder_comes_at_the_hour_that_was_asked_for(
    house: Home, hour: int | None, sent_at: int
) -> None:
    with house.database.transaction() as session:
        session.get_one(ContactPoint, house.contact_id).reminder_hour = hour
    house.plan(0)
    open_due(house.database, house.tools, house.now)
    with house.database.reading() as session:
        row = session.exec(select(OutboundMessage)).one()
    day = 24 if hour == 8 else 0
    expected = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=day + (hour or sent_at) - 8)
    assert row.next_attempt_at == expected
    assert row.expires_at == expected + timedelta(hours=24)
