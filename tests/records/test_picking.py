"""Which open cases a reader picks, on both engines."""

from __future__ import annotations

from datetime import timedelta

from records import caseload, looking, picking
from records.picking import KINDS, Pick
from records.reader import Reader
from tests.inbox.county import County


def test_the_counts_are_those_of_the_lists(county: County, doctor: Reader) -> None:
    person, point = county.person("a", "写信的")
    county.says(point, "在吗")
    county.alarm(person, point)
    county.alarm(*county.person("a", "没写的"), ago=timedelta(minutes=20))
    numbers = picking.counts(county.session, doctor, None, county.now)
    for kind in KINDS:
        listed = caseload.open_list(
            county.session, county.vault, doctor, county.now, pick=Pick(kind)
        )
        assert len(listed.cases) == numbers[kind], kind
    assert numbers == {"all": 2, "mine": 0, "unacknowledged": 2, "overdue": 1, "unread": 1}


def test_looking_twice_is_one_look_and_moves_on(county: County, doctor: Reader) -> None:
    person, point = county.person("a")
    county.alarm(person, point)
    for minutes in (0, 5):
        looking.look(
            county.session, doctor.practitioner_id, person, county.now + timedelta(minutes=minutes)
        )
    county.says(point, "刚才", ago=timedelta(minutes=-3))
    assert picking.counts(county.session, doctor, None, county.now)["unread"] == 0
    county.says(point, "现在", ago=timedelta(minutes=-9))
    assert picking.counts(county.session, doctor, None, county.now)["unread"] == 1


def test_villages_are_those_with_open_cases_that_the_reader_sees(county: County) -> None:
    county.alarm(*county.person("a"))
    county.alarm(*county.person("c"), place="c")
    duty, town = county.readers["duty"], county.readers["town_doctor"]
    assert {one.name for one in picking.villages(county.session, duty)} == {"东沟村", "南湾村"}
    assert [(v.name, v.cases) for v in picking.villages(county.session, town)] == [("东沟村", 1)]
    assert picking.villages(county.session, county.readers["bureau"]) == ()
