"""The page of figures."""

from __future__ import annotations

from reports.definition import definitions
from tests.inbox.browser import Opening
from tests.inbox.office import Office


async def test_a_doctor_sees_the_village_with_every_definition(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        county.person("a")
    page = (await (await browser("doctor_a")).get("/reports")).text
    assert "2026年11月" in page
    assert "少于5" not in page
    assert "消息、电话都不算" in page
    assert "这个月没有记下医生的操作" in page
    for table in definitions().tables:
        for figure in table.figures if table.by == "place" else ():
            assert figure.name in page
            assert figure.definition in page
            assert figure.source in page
