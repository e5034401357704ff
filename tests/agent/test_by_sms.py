"""A patient with a keypad phone: short words, danger said once, and nothing guessed on a shared number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlmodel import col, select

from agent import by_sms
from agent.decision import Part
from care.situation import Programme
from knowledge.answer import Answer
from records import binding, follow_ups, people, queue
from records.db import Database
from records.links import HOUSEHOLD
from records.messages import Arrival
from records.outbound import text_of
from records.people import Registration
from records.reader import Reader
from records.tables import OutboundMessage, Person, Practitioner, StoredReading
from records.vault import Vault
from tests.agent.scene import SALT, OneAnswer, Village
from texts.catalogue import render
from texts.segments import sms_segments

PHONE = "+8613800001111"


class Brief(OneAnswer):
    """The one answer, with the form that fits two SMS."""

    def answer(self, question: str, **known: object) -> Answer:
        found = super().answer(question, **known)  # type: ignore[arg-type]
        return replace(found, short=f"短：{found.text}") if found.text else found


class KeypadVillage(Village):
    """The same village; its patient writes SMS."""

    def __init__(self, database: Database, vault: Vault, now: datetime) -> None:
        super().__init__(database, vault, now)
        self.library = Brief()
        self.tools = replace(self.tools, answers=self.library)

    def _arrival(self, text: str, kind: str = "text") -> Arrival:
        found = super()._arrival(text, kind)
        return replace(found, channel="sms", account="main", address=PHONE)

    def say_from(self, number: str, text: str) -> list[str]:
        """Somebody else writes; everything said to that number so far."""
        arrival = replace(self._arrival(text), address=number)
        with self.database.transaction() as session:
            contact = self.reception.receive(session, arrival, self.now).contact_point_id
        self.turn()
        return [text_of(self.vault, row) for row in self.rows() if row.contact_point_id == contact]

    def rows(self) -> list[OutboundMessage]:
        with self.database.reading() as session:
            query = select(OutboundMessage).order_by(
                col(OutboundMessage.created_at), col(OutboundMessage.id)
            )
            return list(session.exec(query).all())

    def readings(self) -> list[tuple[str, str]]:
        with self.database.reading() as session:
            rows = session.exec(select(StoredReading)).all()
            return [(row.person_id, row.state) for row in rows]

    def another(self, name: str, relation: str = HOUSEHOLD) -> Person:
        with self.database.transaction() as session:
            person = people.register(
                session,
                self.vault,
                Registration(
                    name,
                    self.facility.id,
                    born_on=date(1958, 1, 1),
                    programmes=(Programme.HYPERTENSION,),
                ),
                self.now,
            )
            people.link(session, person.id, self.contact_id, self.now, relation)
        return person

    def ask(self, *persons: Person) -> None:
        """Open a follow-up of each."""
        today = people.china_date(self.now)
        with self.database.transaction() as session:
            for person in persons:
                follow_ups.plan(session, person.id, Programme.HYPERTENSION, today, "routine")
            due = [row.id for row in follow_ups.due_to_open(session, today, 10)]
            follow_ups.start(session, due, now=self.now, next_step_at=self.now)


@pytest.fixture
def keypad(sqlite_database: Database, vault: Vault, now: datetime) -> KeypadVillage:
    return KeypadVillage(sqlite_database, vault, now)


def test_a_value_is_recorded_and_the_reply_is_one_sms(keypad: KeypadVillage) -> None:
    (said,) = keypad.say("血压128/76")
    assert "128/76" in said
    assert sms_segments(said) == 1
    (row,) = keypad.rows()
    assert row.template["keys"][0].startswith("reading.recorded")


def test_an_answer_goes_in_its_short_form(keypad: KeypadVillage) -> None:
    (said,) = keypad.say("盐能吃多少？")
    assert said == f"短：{SALT}"


def test_danger_is_said_once_and_the_turn_adds_nothing(keypad: KeypadVillage) -> None:
    said = keypad.say("胸口像石头压着，出冷汗")
    assert len(said) == 1
    assert "120" in said[0]
    assert [row.purpose for row in keypad.rows()] == ["safety"]


def test_what_only_the_turn_finds_dangerous_is_said_by_the_turn(keypad: KeypadVillage) -> None:
    keypad.hear("血压")
    keypad.hear("205")
    keypad.hear("135")
    keypad.turn()
    (row,) = keypad.rows()
    assert row.purpose == "safety"
    assert "电话：" not in keypad.said()[0]


@pytest.mark.parametrize("word", ["不要再发了", "T", "别发了"])
def test_to_stop_by_sms_in_other_words_needs_no_second_message(
    keypad: KeypadVillage, word: str
) -> None:
    (said,) = keypad.say(word)
    assert said == render("stop.done")
    assert keypad.contact().stopped_at is not None
    keypad.say("恢复")
    assert keypad.contact().stopped_at is None


def test_a_yes_after_a_day_confirms_nothing(keypad: KeypadVillage) -> None:
    keypad.say("血压14892")
    assert "confirm" in keypad.contact().awaiting
    keypad.later(hours=30)
    said = keypad.say("对")
    assert said[-1] == render("late.ask")
    assert {state for _, state in keypad.readings()} == {"unconfirmed"}
    assert "stale" not in keypad.contact().awaiting


def test_a_yes_within_the_day_confirms(keypad: KeypadVillage) -> None:
    keypad.say("血压14892")
    keypad.later(hours=2)
    keypad.say("对")
    assert {state for _, state in keypad.readings()} == {"stored"}


# --- One number, several patients -------------------------------------------------------------------


def _a_household(keypad: KeypadVillage) -> Person:
    """Both of a couple have this number in their files: nobody holds it."""
    other = keypad.another("李大山")
    with keypad.database.transaction() as session:
        for who in people.behind(session, keypad.contact_id):
            assert who.link is not None
            who.link.relation = HOUSEHOLD
            session.add(who.link)
    return other


def test_on_a_number_of_several_files_it_is_asked_whose_value_it_is(keypad: KeypadVillage) -> None:
    other = _a_household(keypad)
    said = keypad.say("血压128/76")
    assert "王桂芳" in said[-1]
    assert "李大山" in said[-1]
    assert keypad.readings() == []
    keypad.say("李大山")
    assert [person for person, _ in keypad.readings()] == [other.id]


def test_a_question_on_a_shared_number_says_who_it_is_for(keypad: KeypadVillage) -> None:
    other = _a_household(keypad)
    keypad.ask(keypad.patient, other)
    said = keypad.say("李大山血压128/76")
    assert "李大山：" in said[-1]
    assert keypad.contact().awaiting["of"] == other.id
    said = keypad.say("没有")
    with keypad.database.reading() as session:
        answers = {row.person_id: row.answers for row in follow_ups.open_for(session, [other.id])}
    assert answers[other.id]["symptoms"] == []


def test_a_short_answer_that_nobody_was_asked_for_is_nobody_s(keypad: KeypadVillage) -> None:
    other = _a_household(keypad)
    keypad.ask(keypad.patient, other)
    keypad.say("没有不舒服")
    with keypad.database.reading() as session:
        rows = follow_ups.open_for(session, [keypad.patient.id, other.id])
    assert [row.answers for row in rows] == [{}, {}]


# --- Six digits, and a number in somebody's file -----------------------------------------------------


def test_six_digits_by_sms_tie_the_phone_as_on_wechat(keypad: KeypadVillage) -> None:
    with keypad.database.transaction() as session:
        person = people.register(
            session, keypad.vault, Registration("赵小兰", keypad.facility.id), keypad.now
        )
        code = binding.issue(
            session,
            keypad.vault,
            person.id,
            relation="self",
            issued_by=session.exec(select(Practitioner.id)).one(),
            now=keypad.now,
        )
    said = keypad.say_from("+8613900002222", code.digits)
    assert "赵小兰，您的档案连上了" in said[-1]
    assert "同意" in said[-1]
    assert sms_segments(said[-1]) <= 3
    keypad.say_from("+8613900002222", "同意")
    said = keypad.say_from("+8613900002222", "血压128/76")
    assert "128/76" in said[-1]
    assert [owner for owner, _ in keypad.readings()] == [person.id]


def test_a_number_in_a_file_ties_nobody_but_the_doctor_sees_whose_it_is(
    keypad: KeypadVillage,
) -> None:
    with keypad.database.transaction() as session:
        person = people.register(
            session,
            keypad.vault,
            Registration("赵小兰", keypad.facility.id, phone="13900002222"),
            keypad.now,
        )
        doctor = session.exec(select(Practitioner)).one()
    said = keypad.say_from("+8613900002222", "血压128/76")
    assert "赵小兰" not in "".join(said)
    assert "叫什么名字" in said[-1]
    with keypad.database.reading() as session:
        reader = Reader(doctor.id, doctor.role, keypad.facility.id, keypad.facility.path)
        (stranger,) = queue.waiting(session, keypad.vault, reader)
    assert stranger.phone == "13900002222"
    assert [(one.person_id, one.why) for one in stranger.candidates] == [(person.id, "phone")]


# --- The words themselves ---------------------------------------------------------------------------


def test_a_reply_is_never_more_than_three_sms() -> None:
    long = tuple(
        Part("answer.passage", "这句话有二十个字，说的是盐不能多吃。" * 12) for _ in range(3)
    )
    kept = by_sms.fitted(long)
    assert sms_segments("\n".join(part.text for part in kept)) <= 3
    assert kept[0].text.endswith("。")


def test_what_does_not_fit_is_left_out_and_what_fits_behind_it_is_not() -> None:
    parts = (
        Part("reading.recorded", "记下了"),
        Part("answer.passage", "长" * 250),
        Part("chat.noted", "好，我记下了。"),
    )
    assert [part.key for part in by_sms.fitted(parts)] == ["reading.recorded", "chat.noted"]


def test_a_sentence_that_is_not_for_sms_gives_way_to_its_stand_in() -> None:
    parts = (
        Part("followup.open_bp", render("followup.open_bp", name="王桂芳")),
        Part("welcome.follow", "您好"),
        Part("feedback.hint", render("feedback.hint")),
    )
    assert by_sms.fitted(parts) == (Part("followup.open_neutral", render("followup.open_neutral")),)


def test_words_without_an_end_are_cut_all_the_same() -> None:
    (part,) = by_sms.fitted((Part("answer.passage", "长" * 400),))
    assert part.text.endswith("…")
    assert sms_segments(part.text) == 3
