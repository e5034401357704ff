"""The main thread over real HTTP: phone → encrypted callback → rows → delivery → phone."""

from __future__ import annotations

from sqlmodel import select

from records import messages, people
from records.people import Registration
from records.tables import Escalation, InboundMessage
from tests.channels.world import WANG, World, a_facility


async def test_a_reading_travels_from_the_phone_to_a_row_and_the_reply_back(wired: World) -> None:
    await wired.patients.say(WANG, "血压 128/76")
    with wired.db.reading() as session:
        row = session.exec(select(InboundMessage)).one()
        assert messages.text_of(wired.vault, row) == "血压 128/76"
        assert (row.state, row.level) == ("waiting", "none")
    assert wired.seen() == []
    wired.queue(contact_point_id=wired.contact().id, body="记下128/76,很平稳")
    assert await wired.deliver() == 1
    assert wired.seen() == ["记下128/76,很平稳"]
    assert wired.contact().window_left == 4
    assert await wired.deliver() == 0
    assert len(wired.seen()) == 1


async def test_an_emergency_is_answered_in_the_callback_itself(wired: World) -> None:
    await wired.patients.say(WANG, "血压 230/140")
    assert len(wired.seen()) == 1
    assert "120" in wired.seen()[0]
    with wired.db.reading() as session:
        escalation = session.exec(select(Escalation)).one()
        assert (escalation.level, escalation.state) == ("emergency", "open")
        row = session.exec(select(InboundMessage)).one()
        assert messages.passive_of(wired.vault, row) == wired.seen()[0]
    assert wired.contact().wake_at == wired.clock.now
    assert wired.contact().window_left == 5, "a passive reply costs nothing"


async def test_a_repeated_emergency_gets_the_same_words_and_no_second_alarm(wired: World) -> None:
    await wired.patients.say(WANG, "血糖 1.8")
    repeat = wired.patients.repeat(WANG)
    assert repeat is not None
    await repeat
    first, second = wired.seen()
    assert first == second
    with wired.db.reading() as session:
        assert len(session.exec(select(InboundMessage)).all()) == 1
        assert len(session.exec(select(Escalation)).all()) == 1


async def test_a_known_person_is_told_that_the_doctor_was_called(wired: World) -> None:
    await wired.patients.say(WANG, "你好")
    with wired.db.transaction() as session:
        facility = a_facility(session)
        registration = Registration(name="王秀英", facility_id=facility.id)
        person = people.register(session, wired.vault, registration, wired.clock.now)
        people.link(session, person.id, wired.contact().id, wired.clock.now)
    await wired.patients.say(WANG, "血压 230/140")
    assert "值班医生" in wired.seen()[0]
    with wired.db.reading() as session:
        assert session.exec(select(Escalation)).one().person_id == person.id
