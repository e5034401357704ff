"""The demonstration's county: told by the functions of live data, the same for the same seed."""

import io
import logging
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from sqlmodel import Session, col, select

from care.situation import Programme
from records import follow_ups, people, practitioners
from records.caseload import open_list
from records.db import Database
from records.outbound import ACCEPTED
from records.people import Registration, register
from records.tables import (
    Consent,
    ContactPoint,
    Escalation,
    EscalationEvent,
    Facility,
    FollowUp,
    InboundMessage,
    OutboundMessage,
    Person,
    StoredReading,
    Turn,
    metadata,
)
from records.vault import Vault
from suifang.errors import ConfigurationError
from suifang.logs import configure_logs
from suifang.seed import SEED, SeedSummary, seed_demo
from suifang.seed.course import Course
from suifang.seed.places import demo_accounts, settle_places
from suifang.seed.roster import county, villagers

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Seeded:
    """A seeded database, what the seeding said, and what it wrote into the log."""

    database: Database
    summary: SeedSummary
    seconds: float
    log: str


def _empty(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder / 'suifang.db'}")
    metadata.create_all(database.engine)
    return database


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory, vault: Vault) -> Iterator[Seeded]:
    database = _empty(tmp_path_factory.mktemp("seed"))
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    configured = structlog.get_config()
    configure_logs("debug", "json", stream)
    began = time.process_time()
    summary = seed_demo(database, vault, NOW)
    spent = time.process_time() - began
    root.handlers[:], root.level = before
    structlog.configure(**configured)
    yield Seeded(database, summary, spent, stream.getvalue())
    database.dispose()


@pytest.fixture
def session(seeded: Seeded) -> Iterator[Session]:
    with seeded.database.reading() as open_session:
        yield open_session


def test_the_roster_is_the_same_for_the_same_chance() -> None:
    assert villagers(random.Random(1)) == villagers(random.Random(1))
    assert villagers(random.Random(1)) != villagers(random.Random(2))


def test_the_roster_is_what_a_township_looks_like() -> None:
    roster = villagers(random.Random(1))
    assert len(roster) == county()["people"]["count"] == 60
    ages = [people.age_on(one.born_on, NOW.date()) for one in roster]
    assert min(age for age in ages if age is not None) >= 45
    assert Counter(one.village for one in roster) == {0: 21, 1: 19, 2: 20}
    both = {Programme.HYPERTENSION, Programme.TYPE2_DIABETES}
    assert sum(set(one.programmes) == both for one in roster) == 12


def test_spouses_share_a_phone_and_a_village() -> None:
    roster = villagers(random.Random(1))
    [pair] = county()["wechat"]["together"]
    holder, other = roster[pair["holder"]], roster[pair["other"]]
    assert (holder.phone, holder.village) == (other.phone, other.village)
    assert {holder.sex, other.sex} == {"male", "female"}


def test_a_year_of_care_helps_and_no_value_is_absurd() -> None:
    chance = random.Random(1)
    courses = [Course(chance) for _ in range(200)]
    first = [one.reading(Programme.HYPERTENSION, 0.0) for one in courses]
    last = [one.reading(Programme.HYPERTENSION, 1.0) for one in courses]
    assert sum(one.systolic or 0 for one in last) < sum(one.systolic or 0 for one in first)
    assert all((one.systolic or 0) > (one.diastolic or 0) > 40 for one in first + last)
    sugars = [one.reading(Programme.TYPE2_DIABETES, 0.5).value or 0 for one in courses]
    assert all(2 < value < 22 for value in sugars)


def test_every_account_is_a_demonstration_account_with_its_place(
    sqlite_database: Database, vault: Vault
) -> None:
    with sqlite_database.transaction() as session:
        places = settle_places(session, vault, NOW)
        assert all(one.demo for one in places.staff.values())
        assert places.doctor(1) == places.readers()["doctor2"]
        for account in demo_accounts():
            known = practitioners.credentials(session, account.login, loopback=True)
            assert practitioners.password_matches(known, account.password)
            known = practitioners.credentials(session, account.login, loopback=False)
            assert not practitioners.password_matches(known, account.password)


def test_a_database_with_other_people_is_left_alone(
    sqlite_database: Database, vault: Vault
) -> None:
    with sqlite_database.transaction() as session:
        session.add(Facility(id="f", kind="county", name="县", path="f/"))
        session.flush()
        register(session, vault, Registration("王桂兰", "f"), NOW)
    with pytest.raises(ConfigurationError, match="empty one"):
        seed_demo(sqlite_database, vault, NOW)


@pytest.mark.slow
def test_the_county_is_ready_in_seconds(seeded: Seeded) -> None:
    assert seeded.summary.fresh
    assert seeded.summary.people == 60
    assert seeded.summary.readings > 500
    # About five without coverage; this catches a slip of an order of magnitude.
    assert seeded.seconds < 30


@pytest.mark.slow
def test_seeding_again_changes_nothing(seeded: Seeded, vault: Vault) -> None:
    again = seed_demo(seeded.database, vault, NOW + timedelta(days=1))
    assert not again.fresh
    assert (again.people, again.readings) == (seeded.summary.people, seeded.summary.readings)


@pytest.mark.slow
def test_the_same_seed_tells_the_same_year(seeded: Seeded, vault: Vault, tmp_path: Path) -> None:
    other = _empty(tmp_path)
    told: list[tuple[str, int, int]] = []
    seed_demo(other, vault, NOW, lambda *step: told.append(step))
    assert _story(other) == _story(seeded.database)
    assert told[-1][0] == "conversations"
    assert ("history", 60, 60) in told
    other.dispose()


@pytest.mark.slow
def test_a_year_of_turns_and_alarms_leaves_no_name_phone_or_word_in_the_log(
    seeded: Seeded,
) -> None:
    assert "turn.done" in seeded.log
    private = {one.name for one in villagers(random.Random(SEED))}
    private |= {one.phone for one in villagers(random.Random(SEED))}
    private |= {scene["words"] for scene in county()["talk"]["scenes"]}
    assert [word for word in private if word in seeded.log] == []
    assert re.findall(r"[\u4e00-\u9fff]", seeded.log) == []


@pytest.mark.slow
def test_nothing_happens_in_the_future_and_nothing_planned_is_forgotten(session: Session) -> None:
    for column in (
        StoredReading.taken_at,
        Escalation.opened_at,
        InboundMessage.received_at,
        Person.registered_at,
    ):
        newest = session.exec(select(column).order_by(col(column).desc())).first()
        assert newest is not None
        assert newest <= NOW
    planned = session.exec(select(FollowUp).where(FollowUp.state == follow_ups.PLANNED)).all()
    assert min(row.due_on for row in planned) >= NOW.date()


@pytest.mark.slow
def test_every_person_under_care_has_a_follow_up_ahead_or_under_way(session: Session) -> None:
    waiting = session.exec(
        select(FollowUp.person_id)
        .distinct()
        .where(col(FollowUp.state).in_((follow_ups.PLANNED, follow_ups.OPEN, follow_ups.SILENT)))
    ).all()
    assert len(waiting) == 60


@pytest.mark.slow
def test_all_kinds_of_outcomes_are_there_to_look_at(session: Session) -> None:
    states = Counter(session.exec(select(FollowUp.state)).all())
    assert set(states) == {"planned", "open", "draft", "signed", "silent", "cancelled"}
    assert states["draft"] < states["signed"]
    classes = Counter(session.exec(select(FollowUp.classification)).all())
    assert min(classes["satisfactory"], classes["unsatisfactory"]) > 50
    settings = Counter(session.exec(select(StoredReading.setting)).all())
    assert min(settings["home"], settings["clinic"]) > 200
    outcomes = set(session.exec(select(Escalation.outcome)).all())
    assert {"reached", "referred", "false_reading"} <= outcomes


@pytest.mark.slow
def test_the_doctor_finds_an_open_alarm_and_one_that_was_taken(
    session: Session, vault: Vault
) -> None:
    cases = {}
    for login in ("doctor1", "doctor2", "doctor3"):
        account = next(one for one in demo_accounts() if one.login == login)
        known = practitioners.credentials(session, account.login, loopback=True)
        assert known is not None
        ticket = practitioners.sign_in(session, known.practitioner_id, NOW)
        visitor = practitioners.visitor(session, vault, ticket.cookie, NOW, loopback=True)
        assert visitor is not None
        cases[login] = open_list(session, vault, visitor.reader, NOW).cases
    states = {(one.state, str(one.level)) for found in cases.values() for one in found}
    assert ("acknowledged", "urgent") in states
    assert any(state == "open" for state, _ in states)


@pytest.mark.slow
def test_the_last_days_are_answered_conversations(session: Session) -> None:
    assert set(session.exec(select(InboundMessage.state)).all()) == {"done"}
    assert set(session.exec(select(OutboundMessage.state)).all()) == {ACCEPTED}
    routes = Counter(session.exec(select(Turn.route)).all())
    assert routes["alarm"] >= 2
    assert routes["answer"] >= 1


@pytest.mark.slow
def test_twelve_phones_follow_the_account_and_their_owners_agreed(session: Session) -> None:
    everybody = session.exec(select(ContactPoint)).all()
    contacts = [contact for contact in everybody if contact.channel == "wechat"]
    assert len(contacts) == 12
    assert all(contact.followed_at is not None for contact in contacts)
    holders = {contact.id: people.behind(session, contact.id) for contact in contacts}
    assert sorted(len(linked) for linked in holders.values()) == [1] * 11 + [2]
    (keypad,) = [contact for contact in everybody if contact.channel == "sms"]
    holders[keypad.id] = people.behind(session, keypad.id)
    (owner,) = holders[keypad.id]
    due = session.exec(select(FollowUp).where(FollowUp.person_id == owner.person.id)).all()
    assert NOW.date() in {one.due_on for one in due if one.state == follow_ups.PLANNED}
    agreed = set(session.exec(select(Consent.person_id)).all())
    assert {one.person.id for linked in holders.values() for one in linked} == agreed


def _story(database: Database) -> list[tuple[str, ...]]:
    """What was told, without the ids."""
    with database.reading() as session:
        values = session.exec(select(StoredReading)).all()
        planned = session.exec(select(FollowUp)).all()
        alarms = session.exec(select(Escalation)).all()
        return sorted(
            [(str(row.taken_at), str(row.systolic), str(row.value), row.level) for row in values]
            + [(str(row.due_on), row.programme, row.state, str(row.closed_at)) for row in planned]
            + [(str(row.opened_at), row.level, row.state, str(row.outcome)) for row in alarms]
        )


@pytest.mark.slow
def test_every_alarm_was_rung_when_it_came(session: Session) -> None:
    """Nothing of the past rings for the first time when the worker starts."""
    for alarm in session.exec(select(Escalation)).all():
        rung = session.exec(
            select(EscalationEvent.at)
            .where(EscalationEvent.escalation_id == alarm.id)
            .where(EscalationEvent.kind == "rung")
            .order_by(col(EscalationEvent.at))
        ).first()
        assert rung is not None
        assert rung - alarm.opened_at < timedelta(minutes=1)
