"""Anyone is found by any of her keys, and never somebody from outside the catchment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from care.level import Level
from care.situation import Programme
from records import finding, people
from records.finding import Found, Wish
from records.spelling import syllables
from records.tables import Person, PersonContact
from tests.inbox.county import County

NAMES = ("王桂芳", "单雄信", "解永平", "曾国藩", "翟秀兰", "尉迟恭", "吕玉兰", "李大山")


@pytest.fixture
def registered(county: County) -> dict[str, tuple[str, str, str, str]]:
    """Everybody of villages A, B and C: place, name, phone and identity number by id."""
    found = {}
    for place in ("a", "b", "c"):
        for number, name in enumerate(NAMES):
            phone = f"1380000{'abc'.index(place)}{number:03d}"
            identity = f"34122119540308{'abc'.index(place)}{number:02d}X"
            person = people.register(
                county.session,
                county.vault,
                people.Registration(
                    name, county.places[place].id, phone=phone, identity_number=identity
                ),
                county.now,
            )
            found[person.id] = (place, name, phone, identity)
    return found


def look(county: County, login: str, wish: Wish | str = "", page: int = 1) -> Found:
    asked = Wish(wish) if isinstance(wish, str) else wish
    return finding.find(
        county.session, county.vault, county.readers[login], asked, county.now, page
    )


def ids(found: Found) -> set[str]:
    return {one.id for one in found.entries}


def keys_of(name: str, phone: str, identity: str, village: str) -> list[str]:
    spelled = [syllables(one)[0] for one in name]
    return [
        name,
        name[0],
        name[1:],
        "".join(spelled),
        "".join(one[0] for one in spelled),
        phone[-4:],
        phone,
        identity[-4:],
        identity[-4:].lower(),
        f"{village} {name}",
        f"{name[0]} {phone[-4:]}",
    ]


def test_anyone_is_found_by_any_of_her_keys_and_never_by_a_stranger_to_the_village(
    county: County, registered: dict[str, tuple[str, str, str, str]]
) -> None:
    everyone = {place: {i for i, one in registered.items() if one[0] == place} for place in "abc"}
    for person_id, (place, name, phone, identity) in registered.items():
        for key in keys_of(name, phone, identity, county.places[place].name):
            if place == "a":
                assert person_id in ids(look(county, "doctor_a", key)), key
            assert ids(look(county, "doctor_b", key)) <= everyone["b"], key


def test_a_wider_catchment_finds_more_and_the_bureau_nobody(
    county: County, registered: dict[str, tuple[str, str, str, str]]
) -> None:
    count = len(NAMES)
    assert look(county, "doctor_a").total == count
    assert look(county, "town_doctor").total == 2 * count
    assert look(county, "duty").total == len(registered)
    assert look(county, "bureau").total == 0
    assert look(county, "duty", "南湾 wgf").total == 1


def test_the_best_match_stands_first(county: County) -> None:
    for name in ("李芳", "方桂", "王芳"):
        county.person("a", name)
    found = [one.name for one in look(county, "doctor_a", "f").entries]
    assert found == ["方桂", "李芳", "王芳"]


def test_a_line_tells_what_was_measured_last_and_how_she_is_reached(county: County) -> None:
    person, _ = county.person("a")
    county.pressure(person, 150, 90, ago=timedelta(days=9))
    county.pressure(person, 190, 115, ago=timedelta(days=2), level=Level.EMERGENCY)
    one = look(county, "doctor_a").entries[0]
    assert one.last is not None
    assert (one.last.systolic, one.last.level) == (190, Level.EMERGENCY)
    assert (one.bound, one.phone_tail, one.village) == (True, "1111", "东沟村")
    assert one.programmes == ("hypertension",)


def test_the_list_is_narrowed_by_place_programme_status_binding_and_silence(
    county: County,
) -> None:
    measured, _ = county.person("a", "王一")
    county.pressure(measured, 130, 80, ago=timedelta(days=3))
    sugar, _ = county.person("b", "王二", programmes=(Programme.TYPE2_DIABETES,))
    county.pressure(sugar, 130, 80, ago=timedelta(days=120))
    gone, point = county.person("b", "王三")
    link = county.session.exec(
        select(PersonContact).where(PersonContact.contact_point_id == point)
    ).one()
    link.unlinked_at = county.now
    row = county.session.get_one(Person, gone)
    row.status = "moved"
    county.session.flush()

    def found(wish: Wish) -> set[str]:
        return ids(look(county, "town_doctor", wish))

    assert found(Wish()) == {measured, sugar}
    assert found(Wish(facility_id=county.places["b"].id)) == {sugar}
    assert found(Wish(facility_id=county.places["town"].id)) == {measured, sugar}
    assert found(Wish(facility_id=county.places["c"].id)) == set()
    assert found(Wish(programme="type2_diabetes")) == {sugar}
    assert found(Wish(quiet=True)) == {sugar}
    assert found(Wish(status="moved")) == {gone}
    assert found(Wish(status="moved", unbound=True)) == {gone}
    assert found(Wish(unbound=True)) == set()


def test_who_died_is_found_when_asked_for_and_a_merged_double_never(county: County) -> None:
    dead, _ = county.person("a", "王一")
    double, _ = county.person("a", "王二")
    for person, status in ((dead, "deceased"), (double, "merged")):
        county.session.get_one(Person, person).status = status
    county.session.flush()
    assert look(county, "doctor_a").total == 0
    assert ids(look(county, "doctor_a", "wang")) == {dead}


def test_a_long_list_has_pages_and_a_page_beyond_the_last_is_the_last(county: County) -> None:
    for number in range(finding.PAGE + 1):
        people.register(
            county.session,
            county.vault,
            people.Registration(f"王{chr(0x4E00 + number)}", county.places["a"].id),
            county.now,
        )
    first, last = look(county, "doctor_a"), look(county, "doctor_a", page=99)
    assert (len(first.entries), first.pages) == (finding.PAGE, 2)
    assert (len(last.entries), last.page) == (1, 2)
    assert ids(first).isdisjoint(ids(last))


def test_a_stranger_without_a_name_comes_last_and_a_broken_name_hides_nobody(
    county: County,
) -> None:
    stranger, _ = county.person("a", "")
    broken, _ = county.person("a", "王一")
    known, _ = county.person("a", "赵一")
    county.session.get_one(Person, broken).name_sealed = b"\x01nonsense-that-does-not-open"
    county.session.flush()
    listed = [one.id for one in look(county, "doctor_a").entries]
    assert listed[0] == known
    assert set(listed) == {stranger, broken, known}


def test_the_places_are_those_below_the_reader(county: County) -> None:
    def named(login: str) -> list[tuple[str, int]]:
        found = finding.places(county.session, county.readers[login])
        return sorted((one.name, one.depth) for one in found)

    assert named("doctor_a") == []
    assert named("town_doctor") == [("东沟村", 1), ("清水镇卫生院", 0), ("西坡村", 1)]


def test_what_is_typed_is_cut_before_it_is_looked_for(county: County) -> None:
    county.person("a")
    assert look(county, "doctor_a", replace(Wish(), words="王" * 5000)).total == 0
