"""Doctors read the rules in use; nobody else does."""

from __future__ import annotations

from tests.inbox.browser import Opening


async def test_a_village_doctor_reads_the_rules_in_use(browser: Opening) -> None:
    answer = await (await browser("doctor_a")).get("/rules")
    assert answer.status_code == 200
    assert "覆盖总表：二十七组危险信号" in answer.text
    assert "script" not in answer.headers["content-security-policy"]


async def test_the_link_stands_among_the_less_frequent_pages(browser: Opening) -> None:
    assert 'href="/rules"' in (await (await browser("doctor_a")).get("/account")).text


async def test_an_officer_of_the_bureau_is_no_clinician(browser: Opening) -> None:
    assert (await (await browser("bureau")).get("/rules")).status_code == 404
