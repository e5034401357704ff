"""The officer's way: from the county to the village, a month back, and the table taken home."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from reports.keeping import refresh
from suifang import clock
from tests.journeys.county import County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, PHONE, Eyes

pytestmark = pytest.mark.slow


def test_an_officer_goes_down_to_the_village_and_takes_the_table_home(
    county: County, eyes: Eyes, tmp_path: Path
) -> None:
    refresh(county.database, clock.now())
    desk = Desk(eyes.window(DESK), county.pages)
    desk.signs_in("bureau")
    page = desk.page
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("统计")

    page.get_by_role("link", name="上个月").click()
    month = page.locator("#month").input_value()
    page.get_by_role("link", name="柳溪镇卫生院").first.click()
    expect(heading).to_contain_text("柳溪镇卫生院")
    assert page.locator("#month").input_value() == month
    expect(page.locator(".chart svg").first).to_be_visible()

    page.locator(".tile").first.locator("summary").click()
    expect(page.locator(".tile .how").first).to_contain_text("来源")
    table = page.get_by_role("region", name="基本公卫·高血压")
    shown = table.locator("tr.rate", has_text="血压控制率").locator("td").all_inner_texts()

    with page.expect_download() as download:
        page.get_by_role("link", name="Excel 表格").click()
    file = tmp_path / "report.xlsx"
    download.value.save_as(file)
    assert "柳溪镇卫生院" in download.value.suggested_filename
    sheet = load_workbook(file)["基本公卫·高血压"]
    row = next(row for row in sheet.iter_rows() if "血压控制率" in str(row[0].value))
    taken = [f"{c.value:.1%}" if isinstance(c.value, float | int) else c.value for c in row[1:]]
    assert taken == [text.strip() for text in shown]

    page.get_by_role("link", name="上塘村卫生室").first.click()
    expect(heading).to_contain_text("上塘村卫生室")
    page.locator(".trail").get_by_role("link", name="青禾县").click()
    expect(heading).to_contain_text("青禾县")


def test_on_a_phone_without_javascript_the_county_sets_an_estimate(
    county: County, eyes: Eyes
) -> None:
    refresh(county.database, clock.now())
    desk = Desk(eyes.window(PHONE, script=False), county.pages)
    desk.signs_in("bureau")
    page = desk.page
    options = page.locator("#month").locator("option")
    page.locator("#month").select_option(index=0)
    page.get_by_role("button", name="看", exact=True).click()
    expect(options.first).to_contain_text("没过完")
    page.get_by_role("textbox", name="估计患者数").fill("60")
    page.get_by_role("textbox", name="来源").fill("2025年慢病普查")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("估计数已保存")
    tile = page.locator(".tile", has_text="健康管理率").first
    expect(tile).to_contain_text("÷ 60")
