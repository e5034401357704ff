"""The list and the box that finds: nothing typed stands in an address."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from sqlmodel import select

from records.tables import AuditEvent
from tests.inbox.browser import Opening
from tests.inbox.office import Office


async def test_three_letters_lead_to_the_person(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a", "王桂芳")
        county.pressure(person, 152, 94)
        county.person("a", "李大山")
    one = await browser("doctor_a")
    page = (await one.get("/people")).text
    for words in ("王桂芳", "李大山", "152/94", "尾号 1111", "共 2 人"):
        assert words in page
    answer = await one.post("/people", {"words": " wgf "})
    assert answer.status_code == 303
    page = (await one.get(answer.headers["location"])).text
    assert f'href="/persons/{person}"' in page
    assert "找到 1 人" in page
    assert 'value="wgf"' in page
    assert "李大山" not in page


async def test_what_was_typed_stands_in_no_address_and_opens_for_nobody_else(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        county.person("a", "王桂芳")
    one, other = await browser("doctor_a"), await browser("town_doctor")
    await one.get("/people")
    there = (await one.post("/people", {"words": "王桂芳"})).headers["location"]
    assert "%E7%8E%8B" not in there
    assert "王" not in parse_qs(urlsplit(there).query)["q"][0]
    assert 'value="王桂芳"' in (await one.get(there)).text
    assert 'value="王桂芳"' not in (await other.get(there)).text
    for nonsense in ("/people?q=x", "/people?q=!!!", "/people?page=-1", "/people?page=९"):
        assert (await one.get(nonsense)).status_code == 200


async def test_a_search_keeps_the_filter_and_nobody_found_says_what_to_try(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        county.person("a", "王桂芳")
        place = county.places["b"].id
    one = await browser("town_doctor")
    await one.get(f"/people?place={place}")
    answer = await one.post("/people", {"words": "wgf", "place": place})
    page = (await one.get(answer.headers["location"])).text
    assert "没有找到这样的人" in page
    assert f'value="{place}" selected' in page
    assert (await one.post("/people", {"words": ""})).headers["location"] == "/people"


async def test_an_empty_list_says_so(browser: Opening) -> None:
    assert "名单还是空的" in (await (await browser("doctor_a")).get("/people")).text


async def test_pages_are_turned(office: Office, browser: Opening) -> None:
    with office.county() as county:
        for number in range(31):
            county.person("a", f"王{chr(0x4E00 + number)}")
    one = await browser("doctor_a")
    page = (await one.get("/people?programme=hypertension")).text
    assert "/people?programme=hypertension&amp;page=2" in page
    assert "第 2 页，共 2 页" in (await one.get("/people?page=2")).text


async def test_looking_at_the_list_is_written_down_without_the_words(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        county.person("a", "王桂芳")
    one = await browser("doctor_a")
    await one.get("/people")
    await one.get((await one.post("/people", {"words": "王桂芳"})).headers["location"])
    with office.database.reading() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.subject == "people")).all()
    assert sorted(event.action for event in events) == ["find", "read"]
    assert all("王" not in str(event.detail) for event in events)


async def test_the_bureau_has_no_list(browser: Opening) -> None:
    assert (await (await browser("bureau")).get("/people")).status_code == 404
