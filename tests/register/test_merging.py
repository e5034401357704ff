"""Two records become one and two again, and nothing is lost on the way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Table
from sqlmodel import Session, col, select

from care.reading import Kind, Reading
from care.situation import Programme
from records import duplicates, follow_ups, merging, messages, people, readings, tasks
from records.merging import MergeError
from records.people import Registration
from records.reader import MERGED, Reader
from records.tables import (
    AuditEvent,
    Enrolment,
    Facility,
    FollowUp,
    Person,
    PersonContact,
    StoredReading,
    metadata,
)
from tests.register.conftest import BOTH, Registry

NUMBER = "11010519491231002X"


@pytest.fixture
def reader(registry: Registry) -> Reader:
    with registry.database.reading() as session:
        place = session.get_one(Facility, registry.county)
    return Reader("p1", "county_duty", place.id, place.path)


def somebody(registry: Registry, name: str = "王桂芳", **known: Any) -> str:
    with registry.database.transaction() as session:
        place = registry.villages(session)[0]
        person = people.register(
            session,
            registry.vault,
            Registration(name=name, facility_id=place, **known),
            registry.now,
        )
        readings.store(
            session,
            person.id,
            Reading(Kind.BP, systolic=151, diastolic=92),
            readings.Provenance(),
            taken_at=registry.now,
            now=registry.now,
        )
        return person.id


def everything(registry: Registry) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables but those that only ever grow, without what sealing makes different."""

    def rows(session: Session, table: Table) -> list[dict[str, Any]]:
        found = [dict(row._mapping) for row in session.execute(table.select())]
        return sorted(
            ({k: v for k, v in row.items() if not k.endswith("_sealed")} for row in found),
            key=lambda row: str(row.get("id")),
        )

    grows = {"audit_events", "mergers", "touched"}
    with registry.database.reading() as session:
        return {
            table.name: rows(session, table)
            for table in metadata.sorted_tables
            if table.name not in grows
        }


def two_with_a_life(registry: Registry) -> tuple[str, str]:
    """Two records of her: both in a programme, both planned, both on the same phone."""
    kept = somebody(registry, born_on=date(1949, 12, 31), programmes=(Programme.HYPERTENSION,))
    other = somebody(
        registry,
        born_on=date(1949, 12, 31),
        phone="13800001111",
        identity_number=NUMBER,
        sex="female",
        programmes=(Programme.HYPERTENSION, Programme.TYPE2_DIABETES),
    )
    today = date(2026, 11, 23)
    with registry.database.transaction() as session:
        address = messages.Address("wechat", "gh", "o1")
        point = messages.ensure_contact_point(session, registry.vault, address, registry.now)
        second = messages.ensure_contact_point(
            session, registry.vault, messages.Address("wechat", "gh", "o2"), registry.now
        )
        for person in (kept, other):
            people.link(session, person, point.id, registry.now)
            follow_ups.plan(session, person, "hypertension", today + timedelta(days=9))
        people.link(session, other, second.id, registry.now)
        follow_ups.plan(session, other, "type2_diabetes", today + timedelta(days=5))
        tasks.open_task(
            session,
            task_key="t1",
            kind=tasks.CALL,
            reason="silent",
            person_id=other,
            contact_point_id=None,
            facility_id=None,
            now=registry.now,
        )
    return kept, other


@BOTH
def test_everything_goes_to_the_one_kept_and_comes_back(registry: Registry, reader: Reader) -> None:
    kept, other = two_with_a_life(registry)
    before = everything(registry)
    with registry.database.transaction() as session:
        merger = merging.merge(session, registry.vault, reader, kept, other, registry.now)
        assert merger is not None
    with registry.database.reading() as session:
        assert session.get_one(Person, other).status == MERGED
        assert (
            len(session.exec(select(StoredReading).where(StoredReading.person_id == kept)).all())
            == 2
        )
        plans = select(FollowUp.programme).where(FollowUp.person_id == kept)
        live = session.exec(plans.where(FollowUp.state == "planned")).all()
        assert sorted(live) == ["hypertension", "type2_diabetes"]
        running = select(Enrolment).where(col(Enrolment.ended_on).is_(None))
        assert {(one.person_id, one.programme) for one in session.exec(running)} == {
            (kept, "hypertension"),
            (kept, "type2_diabetes"),
        }
        links = select(PersonContact).where(col(PersonContact.unlinked_at).is_(None))
        assert {one.person_id for one in session.exec(links)} == {kept}
        person = session.get_one(Person, kept)
        assert registry.phone(person) == "13800001111"
        assert person.identity_number_index == registry.vault.index(NUMBER, "identity")
        audited = select(AuditEvent.person_id).where(AuditEvent.action == "person.merged")
        assert set(session.exec(audited).all()) == {kept, other}
    with registry.database.transaction() as session:
        assert merging.undo(session, registry.vault, reader, merger.id, registry.now)
    assert everything(registry) == before
    with registry.database.transaction() as session:
        assert not merging.undo(session, registry.vault, reader, merger.id, registry.now)


def test_two_identity_numbers_are_two_people(registry: Registry, reader: Reader) -> None:
    one = somebody(registry, identity_number=NUMBER)
    other = somebody(registry, identity_number="330182195003071234")
    before = everything(registry)
    with pytest.raises(MergeError), registry.database.transaction() as session:
        merging.merge(session, registry.vault, reader, one, other, registry.now)
    assert everything(registry) == before


def test_what_a_doctor_wrote_since_stays_when_it_is_undone(
    registry: Registry, reader: Reader
) -> None:
    kept = somebody(registry)
    other = somebody(registry, phone="13800001111")
    with registry.database.transaction() as session:
        merger = merging.merge(session, registry.vault, reader, kept, other, registry.now)
        assert merger
    with registry.database.transaction() as session:
        person = session.get_one(Person, kept)
        person.phone_sealed = registry.vault.seal("13911112222", "persons.phone", kept)
        session.add(person)
    with registry.database.transaction() as session:
        merging.undo(session, registry.vault, reader, merger.id, registry.now)
    by_id = {person.id: person for person in registry.people()}
    assert registry.phone(by_id[kept]) == "13911112222"
    assert registry.phone(by_id[other]) == "13800001111"


def test_a_merger_inside_a_merger_is_undone_from_outside(
    registry: Registry, reader: Reader
) -> None:
    first, second, third = somebody(registry), somebody(registry), somebody(registry)
    with registry.database.transaction() as session:
        inner = merging.merge(session, registry.vault, reader, second, third, registry.now)
        outer = merging.merge(session, registry.vault, reader, first, second, registry.now)
    assert inner is not None
    assert outer is not None
    with pytest.raises(MergeError, match="later"), registry.database.transaction() as session:
        merging.undo(session, registry.vault, reader, inner.id, registry.now)
    with registry.database.transaction() as session:
        assert merging.undo(session, registry.vault, reader, outer.id, registry.now)
        assert merging.undo(session, registry.vault, reader, inner.id, registry.now)
    with registry.database.reading() as session:
        owners = session.exec(select(StoredReading.person_id)).all()
    assert sorted(owners) == sorted([first, second, third])


def test_somebody_outside_the_catchment_is_not_merged(registry: Registry) -> None:
    one, other = somebody(registry), somebody(registry)
    stranger = Reader("p2", "township_doctor", "x", "x/")
    with registry.database.transaction() as session:
        assert merging.merge(session, registry.vault, stranger, one, other, registry.now) is None
        assert not duplicates.distinguish(session, stranger, one, other, registry.now)


def test_pairs_are_proposed_for_a_reason_and_asked_about_once(
    registry: Registry, reader: Reader
) -> None:
    born = date(1949, 12, 31)
    a = somebody(registry, born_on=born)
    b = somebody(registry, born_on=born, phone="13800001111")
    c = somebody(registry, "王桂芬", phone="13800001111", sex="female")
    somebody(registry, "李建国", phone="13800001111", born_on=born)
    with registry.database.reading() as session:
        found = duplicates.propose(session, registry.vault, reader)
    assert {(frozenset((p.first.id, p.second.id)), p.reasons) for p in found.pairs} == {
        (frozenset((a, b)), ("birth",)),
        (frozenset((b, c)), ("phone",)),
    }
    with registry.database.transaction() as session:
        assert duplicates.distinguish(session, reader, b, a, registry.now)
        assert duplicates.distinguish(session, reader, a, b, registry.now)
    with registry.database.reading() as session:
        left = duplicates.propose(session, registry.vault, reader)
    assert left.total == 1


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("王桂芳", "王桂芳", True),
        ("王桂芳", "王桂芬", True),
        ("张伟", "章伟", True),
        ("王芳", "王军", False),
        ("王桂芳", "李桂芳", False),
        ("王桂芳", "", False),
    ],
)
def test_similar_names(one: str, other: str, alike: bool) -> None:
    assert duplicates.similar(one, other) is alike
