"""The page of figures."""

from __future__ import annotations

from reports.figure import definitions
from tests.inbox.browser import Opening
from tests.inbox.office import Office


async def test_a_doctor_sees_the_village_with_every_definition(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        county.person("a")
    page = (await (await browser("doctor_a")).get("/counts")).text
    assert "2026年11月" in page
    assert "少于5" not in page
    assert "不算面对面" in page
    for figure in definitions().figures:
        assert figure.name in page
        assert figure.definition in page
        assert figure.source in page


async def test_the_bureau_sees_villages_without_small_numbers_or_names(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        county.person("a", "王桂芳")
        for _ in range(6):
            county.person("b")
    page = (await (await browser("bureau")).get("/counts")).text
    for words in ("东沟村", "西坡村", "少于5", "＊"):
        assert words in page
    assert "王桂芳" not in page
    assert 'href="/tasks"' not in page


async def test_one_turns_the_months_but_not_into_the_future(browser: Opening) -> None:
    one = await browser("doctor_a")
    now = (await one.get("/counts")).text
    assert "/counts?month=2026-10" in now
    assert "本月还没过完" in now
    before = (await one.get("/counts?month=2026-10")).text
    assert "2026年10月" in before
    assert "/counts?month=2026-11" in before
