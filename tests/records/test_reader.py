"""What a reader may see."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from records.reader import Reader
from records.tables import Person
from tests.inbox.county import County


def seen(session: Session, reader: Reader) -> set[str]:
    return set(session.exec(select(Person.id).where(reader.people())).all())


def test_a_village_doctor_sees_the_village_only(county: County) -> None:
    here, _ = county.person("a")
    county.person("b")
    county.person("c")
    assert seen(county.session, county.readers["doctor_a"]) == {here}


def test_a_township_doctor_sees_every_village_of_the_township(county: County) -> None:
    here, _ = county.person("a")
    there, _ = county.person("b")
    at_the_centre, _ = county.person("town")
    county.person("c")
    assert seen(county.session, county.readers["town_doctor"]) == {here, there, at_the_centre}


def test_a_stranger_without_a_place_is_seen_above_the_village(county: County) -> None:
    stranger, _ = county.person(None)
    assert seen(county.session, county.readers["town_doctor"]) == {stranger}
    assert seen(county.session, county.readers["duty"]) == {stranger}
    assert seen(county.session, county.readers["doctor_a"]) == set()


@pytest.mark.parametrize("login", ["bureau", "curator"])
def test_the_bureau_and_the_curator_see_nobody(county: County, login: str) -> None:
    county.person("a")
    county.person(None)
    assert not county.readers[login].sees_people
    assert seen(county.session, county.readers[login]) == set()


def test_a_wildcard_in_a_path_is_a_letter(county: County) -> None:
    county.person("a")
    home = county.places["a"]
    sly = Reader("x", "village_doctor", home.id, "%")
    assert seen(county.session, sly) == set()
