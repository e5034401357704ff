"""The page where two records become one, or stay two."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from records.tables import AuditEvent, Person
from tests.inbox.browser import Browser, Opening
from tests.inbox.office import Office

_FORMS = re.compile(
    r'name="action" value="(\w+)"><input type="hidden" name="kept" value="([^"]+)">'
    r'<input type="hidden" name="other" value="([^"]+)">'
)


@pytest.fixture
def twins(office: Office) -> None:
    with office.county() as county:
        county.person("a", "王桂芳")
        county.person("a", "王桂芳")


async def press(one: Browser, number: int) -> None:
    action, kept, other = _FORMS.findall(one.page)[number]
    answer = await one.post("/duplicates", {"action": action, "kept": kept, "other": other})
    assert answer.status_code == 303
    await one.get(answer.headers["location"])


def statuses(office: Office) -> list[str]:
    with office.database.reading() as session:
        return sorted(session.exec(select(Person.status)).all())


async def test_one_tap_merges_and_one_tap_undoes(
    office: Office, browser: Opening, twins: None
) -> None:
    one = await browser("town_doctor")
    await one.get("/duplicates")
    assert "1 对" in one.page
    assert "姓名和生日相同" in one.page
    await press(one, 0)
    assert "已合并成一份档案" in one.page
    assert "没有疑似重复的档案" in one.page
    assert statuses(office) == ["active", "merged"]
    undo = re.search(r'action="(/duplicates/[^"]+/undo)"', one.page)
    assert undo
    answer = await one.post(undo[1])
    await one.get(answer.headers["location"])
    assert "又是两份档案" in one.page
    assert statuses(office) == ["active", "active"]
    with office.database.reading() as session:
        actions = set(session.exec(select(AuditEvent.action)).all())
    assert actions >= {"person.merged", "person.unmerged", "read"}


async def test_two_people_are_not_asked_about_again(
    office: Office, browser: Opening, twins: None
) -> None:
    one = await browser("town_doctor")
    await one.get("/duplicates")
    await press(one, 2)
    assert "是两个人" in one.page
    assert "没有疑似重复的档案" in one.page
    assert statuses(office) == ["active", "active"]


async def test_people_of_another_township_are_not_shown_and_not_merged(
    office: Office, browser: Opening, twins: None
) -> None:
    with office.county() as county:
        county.practitioner("far", "far_town", "township_doctor", "远医生")
    with office.database.reading() as session:
        ids = session.exec(select(Person.id)).all()
    one = await browser("far")
    await one.get("/duplicates")
    assert "王桂芳" not in one.page
    await one.get("/account")
    answer = await one.post("/duplicates", {"action": "merge", "kept": ids[0], "other": ids[1]})
    assert answer.status_code == 404
    assert statuses(office) == ["active", "active"]
