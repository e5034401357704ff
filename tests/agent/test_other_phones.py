"""A value is put right on the phone that it was sent from, and for the person it was put down for."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlmodel import col, select

from care.situation import Programme
from records import consents, people
from records.db import Database
from records.identity import new_id
from records.messages import Arrival, accept
from records.outbound import text_of
from records.people import Registration
from records.tables import Escalation, OutboundMessage, Person, StoredReading
from records.vault import Vault
from tests.agent.scene import Village

Value = tuple[str, str, str]
Alarm = tuple[str, str, str, datetime | None]


class TwoPhones(Village):
    """王桂芳 has a phone, and so has her husband 李大山. She stands behind his too."""

    def __init__(self, database: Database, vault: Vault, now: datetime) -> None:
        super().__init__(database, vault, now)
        self.registered("李大山")
        with database.transaction() as session:
            greeting = self._from_him("", "event")
            self.his = accept(session, vault, greeting, now, wake_at=now).contact_point_id
            people.link(session, self.known["李大山"], self.his, now)
            people.link(session, self.patient.id, self.his, now, "spouse")
        while self.turn():
            pass

    @property
    def known(self) -> dict[str, str]:
        with self.database.reading() as session:
            found = session.exec(select(Person)).all()
        return {people.name_of(self.vault, person): person.id for person in found}

    def registered(self, name: str) -> None:
        wanted = Registration(name, self.facility.id, programmes=(Programme.HYPERTENSION,))
        with self.database.transaction() as session:
            people.register(session, self.vault, wanted, self.now)

    def share(self) -> None:
        """She was asked, and agreed that his phone may see her values."""
        with self.database.transaction() as session:
            link = people.behind(session, self.his)[1].link
            assert link is not None
            link.consent_asked_at = self.now
            session.add(link)
            consents.give(
                session,
                self.patient.id,
                consents.PURPOSES,
                self.now,
                contact_point_id=self.his,
                evidence=consents.Evidence(),
            )

    def he_says(self, text: str) -> str:
        with self.database.transaction() as session:
            self.reception.receive(session, self._from_him(text, "text"), self.now)
        self.turn()
        with self.database.reading() as session:
            row = session.exec(
                select(OutboundMessage)
                .where(col(OutboundMessage.contact_point_id) == self.his)
                .order_by(col(OutboundMessage.created_at).desc())
            ).first()
            assert row is not None
            return text_of(self.vault, row)

    def _from_him(self, text: str, kind: str) -> Arrival:
        return Arrival(
            channel="wechat",
            account="wx1",
            address="openid-2",
            external_id=new_id(),
            kind=kind,
            text=text,
            sent_at=self.now,
            waits=bool(text),
        )


def values(village: Village) -> list[Value]:
    """Whose value it is, the value, and what became of it, in the order they came."""
    with village.database.reading() as session:
        rows = session.exec(select(StoredReading).order_by("recorded_at", "id")).all()
        people_by_id = {person.id: person for person in session.exec(select(Person))}
        return [
            (
                people.name_of(village.vault, people_by_id[row.person_id]),
                f"{row.systolic:g}/{row.diastolic:g}",
                row.state,
            )
            for row in rows
        ]


def alarms(village: Village) -> list[Alarm]:
    with village.database.reading() as session:
        rows = session.exec(select(Escalation).order_by("opened_at", "id")).all()
        return [(row.person_id, row.level, row.state, row.next_escalation_at) for row in rows]


@pytest.fixture(params=["shared by consent", "an old link, never asked"])
def phones(
    sqlite_database: Database, vault: Vault, now: datetime, request: pytest.FixtureRequest
) -> TwoPhones:
    found = TwoPhones(sqlite_database, vault, now)
    if request.param == "shared by consent":
        found.share()
    with found.database.reading() as session:
        assert "sharing" in consents.allowed(session, found.patient.id, found.his)
    return found


@pytest.fixture
def danger(phones: TwoPhones) -> list[Alarm]:
    """He sent a value of his own; then she sent a dangerous one from her phone."""
    phones.he_says("血压142/88")
    phones.say("血压185/112")
    (alarm,) = found = alarms(phones)
    assert alarm[:2] == (phones.patient.id, "urgent")
    assert alarm[3] is not None
    return found


@pytest.mark.parametrize(
    ("words", "his"),
    [
        ("刚才那个不算", [("李大山", "142/88", "withdrawn")]),
        (
            "打错了，是132/78",
            [("李大山", "142/88", "replaced"), ("李大山", "132/78", "stored")],
        ),
        ("打错了，是132", [("李大山", "142/88", "replaced"), ("李大山", "132/88", "stored")]),
        ("不是我的", [("李大山", "142/88", "replaced"), ("王桂芳", "142/88", "stored")]),
        ("那是昨晚量的", [("李大山", "142/88", "replaced"), ("李大山", "142/88", "stored")]),
    ],
)
def test_what_he_puts_right_on_his_phone_is_his_own_value(
    phones: TwoPhones, danger: list[Alarm], words: str, his: list[Value]
) -> None:
    said = phones.he_says(words)
    hers = ("王桂芳", "185/112", "stored")
    assert values(phones) == [his[0], hers, *his[1:]]
    assert alarms(phones) == danger
    assert "185" not in said


@pytest.mark.parametrize(
    "words", ["刚才那个不算", "不是我的，是我老伴的", "那个是我的", "那是昨晚量的"]
)
def test_with_nothing_sent_from_his_phone_nothing_of_hers_changes(
    phones: TwoPhones, words: str
) -> None:
    phones.say("血压185/112")
    before = alarms(phones)
    phones.he_says(words)
    assert values(phones) == [("王桂芳", "185/112", "stored")]
    assert alarms(phones) == before


@pytest.mark.parametrize("words", ["老伴血压打错了，是132/78", "打错了，老伴是132/78"])
def test_her_value_named_on_his_phone_is_stored_beside_the_one_she_sent(
    phones: TwoPhones, danger: list[Alarm], words: str
) -> None:
    phones.he_says(words)
    assert values(phones)[1:] == [("王桂芳", "185/112", "stored"), ("王桂芳", "132/78", "stored")]
    assert alarms(phones) == danger


def test_what_he_sent_for_her_from_his_phone_he_can_put_right(phones: TwoPhones) -> None:
    phones.he_says("老伴血压162/96")
    phones.he_says("打错了，是152/96")
    assert values(phones) == [("王桂芳", "162/96", "replaced"), ("王桂芳", "152/96", "stored")]
    assert "152/96" in phones.he_says("刚才那个不算")
    assert values(phones)[-1] == ("王桂芳", "152/96", "withdrawn")


@pytest.mark.parametrize("words", ["上面是我的，下面是老伴的", "那个是我老伴的", "那个是我的"])
def test_of_two_people_too_no_value_moves_by_words_that_point_at_none(
    phones: TwoPhones, words: str
) -> None:
    phones.he_says("我血压136/82，老伴血压185/112")
    stored, before = values(phones), alarms(phones)
    assert "请一个一个发" in phones.he_says(words)
    assert values(phones) == stored
    assert alarms(phones) == before


@pytest.fixture
def family(sqlite_database: Database, vault: Vault, now: datetime) -> TwoPhones:
    """Behind her phone stand she, her husband and her mother; two values came in one message."""
    found = TwoPhones(sqlite_database, vault, now)
    found.registered("赵老太")
    with found.database.transaction() as session:
        people.link(session, found.known["李大山"], found.contact_id, now, "spouse")
        people.link(session, found.known["赵老太"], found.contact_id, now, "mother")
    found.say("我血压136/82，我妈血压185/112")
    assert values(found) == [("王桂芳", "136/82", "stored"), MOTHERS]
    assert [alarm[:2] for alarm in alarms(found)] == [(found.known["赵老太"], "urgent")]
    return found


MOTHERS = ("赵老太", "185/112", "stored")


@pytest.mark.parametrize("words", ["不是我的，是我老伴的", "不是我的是我老伴的"])
def test_only_the_value_of_who_disowns_it_goes_to_another(family: TwoPhones, words: str) -> None:
    before = alarms(family)
    family.say(words)
    assert values(family) == [
        ("王桂芳", "136/82", "replaced"),
        MOTHERS,
        ("李大山", "136/82", "stored"),
    ]
    assert alarms(family) == before


def test_a_value_said_not_to_be_the_mothers_is_the_one_that_moves(family: TwoPhones) -> None:
    family.say("不是我妈的，是我老伴的")
    assert values(family) == [
        ("王桂芳", "136/82", "stored"),
        ("赵老太", "185/112", "replaced"),
        ("李大山", "185/112", "stored"),
    ]
    urgent = [alarm[0] for alarm in alarms(family) if alarm[1] == "urgent"]
    assert urgent == [family.known["李大山"]]


@pytest.mark.parametrize("words", ["那个是我老伴的", "那个是我妈的", "那个是我姐的"])
def test_where_the_words_do_not_say_which_it_is_asked_and_nothing_moves(
    family: TwoPhones, words: str
) -> None:
    stored, before = values(family), alarms(family)
    said = family.say(words)[-1]
    assert "136/82" in said
    assert "185/112" in said
    assert "请一个一个发" in said
    assert values(family) == stored
    assert alarms(family) == before
    family.say("老伴的")
    assert values(family) == stored


def test_a_disowned_value_placed_by_the_answer_takes_no_other_with_it(family: TwoPhones) -> None:
    before = alarms(family)
    assert "136/82" in family.say("不是我的")[-1]
    assert values(family) == [("王桂芳", "136/82", "withdrawn"), MOTHERS]
    family.say("我老伴的")
    assert values(family) == [
        ("王桂芳", "136/82", "withdrawn"),
        MOTHERS,
        ("李大山", "136/82", "stored"),
    ]
    assert alarms(family) == before


def test_who_disowns_what_was_never_put_down_for_her_changes_nothing(family: TwoPhones) -> None:
    family.later(minutes=20)
    family.say("我妈血压182/111")
    stored, before = values(family), alarms(family)
    family.say("不是我的，是我老伴的")
    assert values(family) == stored
    assert alarms(family) == before
