"""What she may carry home, and what is left when she wants to be forgotten."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import col, select

from care.level import Level
from care.reading import Kind, Reading
from care.situation import Programme
from records import (
    asked,
    audit,
    erasing,
    escalations,
    media,
    messages,
    outbound,
    people,
    readings,
    subscriptions,
)
from records.asked import Asker, Question
from records.erasing import EraseError
from records.identity import new_id
from records.outbound import Draft
from records.people import Registration
from records.tables import (
    AskedQuestion,
    AuditEvent,
    Consent,
    ContactPoint,
    FollowUp,
    InboundMessage,
    Media,
    OutboundMessage,
    Person,
    StoredReading,
    Subscription,
    Turn,
    metadata,
)
from reports import own_copy
from tests.register.conftest import BOTH, Registry

NAME, PHONE, NUMBER = "王桂芳", "13800001111", "11010519491231002X"
HER_WORDS, HIS_WORDS, ANSWER = (
    "今天血压152/94头有点晕",
    "我的药吃完了怎么办",
    "记下了，歇一会儿再量",
)


@dataclass
class Household:
    """She has a phone of her own, and one she shares with her husband."""

    registry: Registry
    her: str = ""
    him: str = ""

    def __post_init__(self) -> None:
        with self.registry.database.transaction() as session:
            place = self.registry.villages(session)[0]
            self.her = self._person(session, place, NAME, PHONE, NUMBER)
            self.him = self._person(session, place, "李建国", "13900002222", None)
            own, shared = (self._point(session, f"openid-{one}") for one in ("own", "shared"))
            people.link(session, self.her, own.id, self.registry.now)
            people.link(session, self.her, shared.id, self.registry.now, "spouse")
            people.link(session, self.him, shared.id, self.registry.now)
            message = self._says(session, own, self.her, HER_WORDS)
            self._says(session, shared, self.him, HIS_WORDS)
            self._says(session, shared, self.her, HER_WORDS)
            self._photo(session, message)
            self._told(session, own, self.her)

    def _person(self, session: Any, place: str, name: str, phone: str, number: str | None) -> str:
        now, vault = self.registry.now, self.registry.vault
        registration = Registration(
            name=name,
            facility_id=place,
            phone=phone,
            identity_number=number,
            born_on=date(1949, 12, 31),
            programmes=(Programme.HYPERTENSION,),
        )
        person = people.register(session, vault, registration, now)
        reading = Reading(Kind.BP, systolic=152, diastolic=94, original="一百五十二")
        source = readings.Provenance()
        readings.store(session, person.id, reading, source, taken_at=now, now=now)
        row = FollowUp(
            id=new_id(), person_id=person.id, programme="hypertension", due_on=date(2027, 1, 1)
        )
        row.words_sealed = vault.seal("{}", "follow_ups.words", row.id)
        session.add_all([row, Consent(person_id=person.id, purpose="readings", given_at=now)])
        audit.note(
            session, actor="agent", action="read", subject="person", subject_id=person.id,
            person_id=person.id, now=now,
        )  # fmt: skip
        session.flush()
        return person.id

    def _point(self, session: Any, openid: str) -> ContactPoint:
        address = messages.Address("wechat", "gh", openid)
        vault, now = self.registry.vault, self.registry.now
        return messages.ensure_contact_point(session, vault, address, now)

    def _says(self, session: Any, point: ContactPoint, about: str, words: str) -> str:
        now = self.registry.now
        turn = Turn(
            contact_point_id=point.id, person_id=about, began_at=now, ended_at=now, mode="rules",
            route="reading", level="none",
        )  # fmt: skip
        session.add(turn)
        session.flush()
        row = InboundMessage(
            id=new_id(), contact_point_id=point.id, channel="wechat", account="gh",
            external_id=new_id(), kind="text", sent_at=now, received_at=now, state="done",
            turn_id=turn.id,
        )  # fmt: skip
        row.body_sealed = self.registry.vault.seal(words, messages.BODY, row.id)
        session.add(row)
        session.flush()
        return row.id

    def _photo(self, session: Any, message: str) -> None:
        row = Media(
            id=new_id(), inbound_message_id=message, channel="wechat", account="gh",
            external_id="m", kind="image", state=media.STORED, content_type="image/jpeg",
        )  # fmt: skip
        row.content_sealed = self.registry.vault.seal_bytes(b"photo", media.CONTENT, row.id)
        session.add(row)

    def _told(self, session: Any, point: ContactPoint, person: str) -> None:
        draft = Draft(
            purpose=outbound.REPLY, text_key="x", body=ANSWER, send_key=new_id(),
            contact_point_id=point.id, person_id=person, expires_at=self.registry.now,
        )  # fmt: skip
        outbound.queue(session, self.registry.vault, draft, self.registry.now)

    def erases(self) -> None:
        with self.registry.database.transaction() as session:
            erasing.erase(
                session, self.registry.vault, self.her, actor="operator", now=self.registry.now
            )

    def sealed_of(self, person: str) -> list[str]:
        """Columns that still hold something sealed in a row that names the person."""
        found = []
        with self.registry.database.reading() as session:
            for table in metadata.sorted_tables:
                names = [
                    column
                    for column in table.columns
                    if (table.name, column.name) == ("persons", "id")
                    or any(key.target_fullname == "persons.id" for key in column.foreign_keys)
                ]
                for row in session.execute(table.select()):
                    if any(row._mapping[one.name] == person for one in names):
                        found += [
                            f"{table.name}.{one.name}"
                            for one in table.columns
                            if isinstance(one.type, LargeBinary) and row._mapping[one.name]
                        ]
        return found


@pytest.fixture
def household(registry: Registry) -> Household:
    return Household(registry)


@BOTH
def test_nothing_sealed_is_left_and_nobody_finds_her(household: Household) -> None:
    registry = household.registry
    vault = registry.vault
    assert len(household.sealed_of(household.her)) >= 4
    household.erases()
    assert household.sealed_of(household.her) == []
    with registry.database.reading() as session:
        phones = session.exec(select(Person.phone_index)).all()
        assert vault.index(PHONE, "phone") not in phones
        numbers = session.exec(select(Person.identity_number_index)).all()
        assert vault.index(NUMBER, "identity") not in numbers
        addresses = session.exec(select(ContactPoint.address_index)).all()
        assert vault.index("openid-own", "address") not in addresses
        assert session.exec(select(Media.content_sealed)).all() == [None]
        sent = session.exec(select(OutboundMessage)).one()
        assert (sent.body_sealed, sent.state) == (None, "never")
        her = session.get_one(Person, household.her)
        assert (her.status, her.born_on) == ("erased", date(1949, 1, 1))
        plans = select(FollowUp.state).where(FollowUp.person_id == household.her)
        assert session.exec(plans).all() == ["cancelled"]
        open_consents = select(Consent).where(col(Consent.revoked_at).is_(None))
        assert {one.person_id for one in session.exec(open_consents)} == {household.him}


def test_the_values_stay_and_so_does_the_audit(household: Household) -> None:
    household.erases()
    with household.registry.database.reading() as session:
        mine = select(StoredReading).where(StoredReading.person_id == household.her)
        (value,) = session.exec(mine).all()
        assert (value.systolic, value.original) == (152, None)
        events = select(AuditEvent.action).where(AuditEvent.person_id == household.her)
        assert set(session.exec(events).all()) == {"read", "person.erased"}


def test_what_she_asked_leaves_the_curators_queue_and_his_question_stays(
    household: Household,
) -> None:
    registry = household.registry
    with registry.database.transaction() as session:
        turns = session.exec(select(Turn.id, Turn.person_id)).all()
        for turn, _ in turns:
            question = Question("降压药吃完了怎么办", "unknown")
            assert asked.keep(session, registry.vault, turn, question, Asker(()), registry.now)
    household.erases()
    with registry.database.reading() as session:
        his = [turn for turn, person in turns if person == household.him]
        assert len(session.exec(select(AskedQuestion)).all()) == len(his) == 1
        assert asked.holds(session, registry.vault, his[0])


def test_her_husband_keeps_his_phone_and_his_words(household: Household) -> None:
    registry = household.registry
    before = household.sealed_of(household.him)
    household.erases()
    assert household.sealed_of(household.him) == before
    with registry.database.reading() as session:
        said = [
            registry.vault.open(one.body_sealed, messages.BODY, one.id)
            for one in session.exec(select(InboundMessage))
        ]
        assert sorted(said) == ["", "", HIS_WORDS]
        addresses = session.exec(select(ContactPoint.address_index)).all()
        assert registry.vault.index("openid-shared", "address") in addresses


def test_what_her_own_phone_agreed_to_be_sent_goes_and_what_the_shared_one_did_stays(
    household: Household,
) -> None:
    now = household.registry.now
    yes = [subscriptions.Choice("tpl", subscriptions.LONG_TERM, subscriptions.YES)]
    with household.registry.database.transaction() as session:
        for point in session.exec(select(ContactPoint)).all():
            subscriptions.note(session, point.id, yes, now, "event")
    household.erases()
    with household.registry.database.reading() as session:
        (left,) = session.exec(select(Subscription)).all()
        assert session.get_one(ContactPoint, left.contact_point_id).address_sealed is not None


def test_an_open_alarm_must_be_closed_first(household: Household) -> None:
    registry = household.registry
    with registry.database.transaction() as session:
        escalations.raise_alarm(
            session, person_id=household.her, contact_point_id=None, facility_id=None,
            level=Level.EMERGENCY, reasons=("bp_crisis",), now=registry.now,
            rings_at=registry.now,
        )  # fmt: skip
    with pytest.raises(EraseError, match="open_case"):
        household.erases()
    assert household.sealed_of(household.her) != []


def test_who_is_erased_cannot_be_erased_again(household: Household) -> None:
    household.erases()
    with pytest.raises(EraseError, match="gone"):
        household.erases()


def test_the_file_itself_holds_her_sealed_values_no_longer(household: Household) -> None:
    registry = household.registry
    with registry.database.reading() as session:
        her = session.get_one(Person, household.her)
        sealed = [her.name_sealed, her.phone_sealed, her.identity_number_sealed]
    household.erases()
    with registry.database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    content = Path(str(registry.database.engine.url.database)).read_bytes()
    assert all(one is not None and one not in content for one in sealed)


def test_the_copy_holds_everything_of_hers_and_nothing_of_his(household: Household) -> None:
    registry = household.registry
    with registry.database.reading() as session:
        person = session.get_one(Person, household.her)
        content = own_copy.as_zip(own_copy.own_copy(session, registry.vault, person))
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert sorted(parts.namelist()) == [
            "我的随访资料.html", "我的随访资料.json", "附件1.jpg",
        ]  # fmt: skip
        page = parts.read("我的随访资料.html").decode()
        tables = json.loads(parts.read("我的随访资料.json"))
        assert parts.read("附件1.jpg") == b"photo"
    for told in (NAME, PHONE, NUMBER, HER_WORDS, ANSWER, "152/94 mmHg", "高血压", "记录测量值"):
        assert told in page
    assert HIS_WORDS not in page
    assert "李建国" not in page
    titles = [section["title"] for section in tables["sections"]]
    assert titles[0] == "基本资料"
    assert "谁看过、改过" in titles
