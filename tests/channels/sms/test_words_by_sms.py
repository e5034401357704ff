"""From a row to a phone with keys: the number from the file, the words for SMS, and the call besides."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from sqlmodel import select

from channels.delivery import Limits, Routes, deliver_due
from channels.port import Result, SendOutcome
from records import people, sms_contacts
from records.db import Database
from records.people import Registration
from records.reader import Reader
from records.tables import ContactPoint, OutboundMessage, Person, Task
from records.vault import Vault
from records.writing import Words, speak
from tests.channels.world import (
    MovingClock,
    ScriptedChannel,
    a_contact,
    a_facility,
    outbound_rows,
    queue,
)
from texts.catalogue import render

NUMBER, E164 = "13800001111", "+8613800001111"
NAMED = render("followup.open_bp", name="王桂芳")


@dataclass
class Line:
    """An SMS line and whatever else is set up."""

    db: Database
    vault: Vault
    clock: MovingClock
    carrier: ScriptedChannel
    wechat: ScriptedChannel = field(default_factory=ScriptedChannel)

    async def deliver(self) -> None:
        routes = Routes({("sms", "main"): self.carrier, ("wechat", "wx"): self.wechat})
        await deliver_due(self.db, self.vault, routes, self.clock.now, limits=Limits(lanes=1))

    def person(self, name: str = "王桂芳", phone: str | None = NUMBER) -> Person:
        with self.db.transaction() as session:
            place = a_facility(session)
            registration = Registration(name, place.id, phone=phone)
            return people.register(session, self.vault, registration, self.clock.now)

    def remind(self, person: Person, key: str = "k") -> None:
        self.say(
            purpose="reminder",
            text_key="followup.open_bp",
            body=NAMED,
            person_id=person.id,
            send_key=key,
            template={"name": "followup_due"},
        )

    def say(self, **changes: object) -> None:
        with self.db.transaction() as session:
            queue(session, self.vault, self.clock.now, **changes)

    def tasks(self) -> list[str]:
        with self.db.reading() as session:
            return [task.reason for task in session.exec(select(Task)).all()]

    def row(self) -> OutboundMessage:
        return outbound_rows(self.db)[-1]


def a_line(db: Database, vault: Vault, clock: MovingClock, *templates: str, free: bool) -> Line:
    carrier = ScriptedChannel(
        name="sms", provider="x:main", windowed=False, free_text=free, templates=templates
    )
    return Line(db, vault, clock, carrier)


@pytest.fixture
def modem(sqlite_database: Database, vault: Vault, clock: MovingClock) -> Line:
    """Free words."""
    return a_line(sqlite_database, vault, clock, free=True)


@pytest.fixture
def cloud(sqlite_database: Database, vault: Vault, clock: MovingClock) -> Line:
    """Registered templates only."""
    names = ("followup_due", "question_noted", "danger", "reading_noted")
    return a_line(sqlite_database, vault, clock, *names, free=False)


async def test_a_reminder_goes_to_the_number_in_the_file_and_names_nobody(modem: Line) -> None:
    modem.remind(modem.person())
    await modem.deliver()
    assert modem.carrier.texts == [render("followup.open_neutral")]
    assert modem.carrier.sent[0].address == E164
    assert modem.row().state == "accepted"
    with modem.db.reading() as session:
        contact = session.exec(select(ContactPoint)).one()
    assert (contact.channel, contact.account) == ("sms", "main")


async def test_where_only_templates_travel_the_reminder_is_one(cloud: Line) -> None:
    cloud.remind(cloud.person())
    await cloud.deliver()
    assert cloud.carrier.texts == ["[followup_due]"]
    assert cloud.tasks() == []


async def test_a_household_is_told_the_same_once_a_day_and_nobody_holds_the_number(
    cloud: Line,
) -> None:
    wife, husband = cloud.person(), cloud.person("李大山")
    cloud.remind(wife, "k1")
    await cloud.deliver()
    cloud.remind(husband, "k2")
    await cloud.deliver()
    assert cloud.carrier.texts == ["[followup_due]"]
    assert (cloud.row().state, cloud.row().reason) == ("never", "said_already")
    assert cloud.tasks() == []
    cloud.clock.move(days=1)
    cloud.remind(husband, "k3")
    await cloud.deliver()
    assert len(cloud.carrier.texts) == 2
    with cloud.db.reading() as session:
        contact = session.exec(select(ContactPoint)).one()
        assert {who.relation for who in people.behind(session, contact.id)} == {"household"}


async def test_without_a_number_or_with_a_stop_a_doctor_phones_or_nobody_does(modem: Line) -> None:
    modem.remind(modem.person(phone=None))
    await modem.deliver()
    assert modem.carrier.texts == []
    assert modem.tasks() == ["undelivered:no_address"]
    stopped = modem.person("李大山")
    with modem.db.transaction() as session:
        found = sms_contacts.sms_contact_of(session, modem.vault, stopped, modem.clock.now)
        assert found is not None
        found.stopped_at = modem.clock.now
        session.add(found)
    modem.remind(stopped, "k2")
    await modem.deliver()
    assert (modem.row().state, modem.row().reason) == ("never", "stopped")
    assert modem.carrier.texts == []


async def test_where_the_chat_is_shut_the_reminder_goes_by_sms(modem: Line) -> None:
    person = modem.person()
    with modem.db.transaction() as session:
        contact = a_contact(
            session, modem.vault, modem.clock.now, account="wx", window_until=None, window_left=0
        )
        people.link(session, person.id, contact.id, modem.clock.now)
    modem.wechat.templates = ()
    modem.remind(person)
    await modem.deliver()
    assert modem.wechat.texts == []
    assert modem.carrier.texts == [render("followup.open_neutral")]


async def _reply(line: Line, key: str, purpose: str = "reply") -> None:
    with line.db.transaction() as session:
        contact = a_contact(
            session, line.vault, line.clock.now, E164, channel="sms", account="main"
        )
        person = people.ensure_person(session, contact, line.clock.now)
    line.say(
        purpose=purpose,
        text_key=key,
        body="盐不超过一啤酒瓶盖。",
        contact_point_id=contact.id,
        person_id=person.id,
        template={"keys": [key]},
    )
    await line.deliver()


async def test_an_answer_that_no_template_can_say_is_said_by_a_doctor(cloud: Line) -> None:
    await _reply(cloud, "answer.passage")
    assert cloud.carrier.texts == ["[question_noted]"]
    assert cloud.row().state == "accepted"
    assert cloud.tasks() == ["undelivered:by_template"]


async def test_with_free_words_the_answer_itself_goes_and_nobody_phones(modem: Line) -> None:
    await _reply(modem, "answer.passage")
    assert modem.carrier.texts == ["盐不超过一啤酒瓶盖。"]
    assert modem.tasks() == []


async def test_danger_without_its_own_template_is_said_by_the_general_one(cloud: Line) -> None:
    await _reply(cloud, "safety.hypo_low", "safety")
    assert cloud.carrier.texts == ["[danger]"]


async def test_words_about_stopping_go_nowhere_by_cloud_and_nobody_phones(cloud: Line) -> None:
    await _reply(cloud, "stop.done")
    assert cloud.carrier.texts == []
    assert (cloud.row().state, cloud.tasks()) == ("never", [])


async def test_what_has_neither_template_nor_free_words_is_a_call(cloud: Line) -> None:
    cloud.carrier.templates = ()
    await _reply(cloud, "reading.recorded")
    assert cloud.row().state == "channel_closed"
    assert cloud.tasks() == ["undelivered:window_closed"]


async def test_who_is_on_the_carrier_s_black_list_gets_nothing_more_that_we_start(
    modem: Line,
) -> None:
    person = modem.person()
    modem.carrier.answers = [SendOutcome(Result.NEVER, "isv.MOBILE_IN_BLACK", "blocked")]
    modem.remind(person)
    await modem.deliver()
    with modem.db.reading() as session:
        assert session.exec(select(ContactPoint)).one().stopped_at is not None
    modem.remind(person, "k2")
    await modem.deliver()
    assert modem.row().reason == "stopped"
    assert len(modem.carrier.texts) == 1


async def test_a_ready_made_reply_of_a_doctor_goes_by_its_own_template(cloud: Line) -> None:
    cloud.carrier.templates = ("reply_waiting", "said_come_today")
    with cloud.db.transaction() as session:
        contact = a_contact(
            session, cloud.vault, cloud.clock.now, E164, channel="sms", account="main"
        )
        person = people.ensure_person(session, contact, cloud.clock.now)
        reader = Reader("doctor", "village_doctor", "f", "f/")
        for once, text in (("1", render("canned.come_today")), ("2", "药别停，来一趟。")):
            words = Words(text, once, person.id, contact.id)
            speak(session, cloud.vault, reader, words, cloud.clock.now)
    await cloud.deliver()
    assert cloud.carrier.texts == ["[said_come_today]", "[reply_waiting]"]
    assert cloud.tasks() == ["undelivered:by_template"]
