"""The open list, in one statement and in the right order."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import event

from care.level import Level
from records import caseload, casework
from records.reader import Reader
from tests.inbox.county import County


def listed(county: County, reader: Reader, limit: int = 200) -> caseload.OpenList:
    return caseload.open_list(county.session, county.vault, reader, county.now, limit=limit)


def test_the_most_urgent_comes_first_then_what_nobody_took_then_the_oldest(
    county: County, doctor: Reader
) -> None:
    urgent = county.alarm(*county.person("a"), level=Level.URGENT, ago=timedelta(hours=9))
    young = county.alarm(*county.person("a"), ago=timedelta(minutes=2))
    old = county.alarm(*county.person("a"), ago=timedelta(minutes=8))
    taken = county.alarm(*county.person("a"), ago=timedelta(minutes=30))
    routine = county.alarm(*county.person("a"), level=Level.ROUTINE, ago=timedelta(days=9))
    casework.acknowledge(county.session, county.vault, doctor, taken, county.now)
    order = [case.id for case in listed(county, doctor).cases]
    assert order == [old, young, taken, urgent, routine]


def test_a_line_says_who_where_why_and_the_last_words(county: County, doctor: Reader) -> None:
    person, point = county.person("a", "王桂芳")
    county.says(point, "量了", ago=timedelta(minutes=9))
    county.says(point, "190/115 头疼得厉害", ago=timedelta(minutes=4))
    county.says(point, "<Event>", ago=timedelta(minutes=1), kind="event")
    county.alarm(person, point)
    (line,) = listed(county, doctor).cases
    assert (line.name, line.village) == ("王桂芳", "东沟村")
    assert line.reasons == ("bp_crisis", "severe_headache")
    assert line.last_words == "190/115 头疼得厉害"
    assert line.last_at == county.now - timedelta(minutes=4)


def test_a_closed_case_and_another_village_are_not_listed(county: County, doctor: Reader) -> None:
    closed = county.alarm(*county.person("a"))
    casework.close(
        county.session, county.vault, doctor, closed, outcome="reached", remark="", now=county.now
    )
    county.alarm(*county.person("b"), place="b")
    assert listed(county, doctor) == caseload.OpenList((), 0)
    assert len(listed(county, county.readers["town_doctor"]).cases) == 1


def test_a_long_list_is_cut_but_says_how_many_there_are(county: County, doctor: Reader) -> None:
    for _ in range(3):
        county.alarm(*county.person("a"))
    shown = listed(county, doctor, limit=2)
    assert (len(shown.cases), shown.total) == (2, 3)


def test_the_list_is_one_statement_however_long_it_is(county: County, doctor: Reader) -> None:
    for _ in range(5):
        person, point = county.person("a")
        county.says(point, "你好")
        county.alarm(person, point)
    county.session.flush()
    statements = []
    connection = county.session.connection()
    event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert len(listed(county, doctor).cases) == 5
    assert len(statements) == 1


def test_the_numbers_beside_the_menu_are_those_of_the_catchment(
    county: County, doctor: Reader
) -> None:
    person, point = county.person("a")
    taken = county.alarm(person, point)
    county.alarm(*county.person("a"))
    casework.acknowledge(county.session, county.vault, doctor, taken, county.now)
    county.task(person)
    elsewhere, there = county.person("b")
    county.alarm(elsewhere, there, place="b")
    county.task(elsewhere, place="b")
    assert caseload.tally(county.session, doctor) == caseload.Tally(2, 1, 1)
