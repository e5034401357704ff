"""A township doctor brings in a register as it really comes, on a phone and without JavaScript."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Page, expect

from tests.journeys.county import County
from tests.journeys.desk import Desk
from tests.journeys.eyes import PHONE, Eyes

pytestmark = pytest.mark.slow

ROWS: list[list[str | int | None]] = [
    ["柳溪镇慢性病患者管理名册（２０２６年）"],
    ["填报单位：柳溪镇卫生院", None, None, "2026.11"],
    ["序号", "人员", "身份证号", "联系电话", "所属村委会", "高血压", "2型糖尿病", "最近随访", "血压"],
    [1, "周 桂 香", "11010519491231002X", "13800001111.0", "上塘村委会", "√", None, "2026.9.3", "152/94"],
    [2, "吴建国", "３３０１８２１９５００５０６００１８", "1.38E+10", "河口村", None, "是", None, None],
    [3, "郑秀英", None, "13900002222/13700003333", "桃花源村", "√", None, None, None],
    [4, "周桂香", "11010519491231002X", "13800001111", "上塘村", "√", None, "2026.9.3", "152/94"],
    ["合计", "4人"],
]  # fmt: skip


def sheet(path: Path) -> Path:
    book = Workbook()
    assert book.active is not None
    for row in ROWS:
        book.active.append(row)
    book.active.merge_cells("A1:I1")
    book.save(path)
    return path


def arrives(page: Page, words: str) -> None:
    """The page reloads itself while the worker works."""
    expect(page.get_by_text(words, exact=False).first).to_be_visible(timeout=20_000)


def test_a_register_comes_in_and_what_failed_goes_back(
    county: County, eyes: Eyes, tmp_path: Path
) -> None:
    page = eyes.window(PHONE, script=False)
    desk = Desk(page, county.pages)
    desk.signs_in("township")
    desk.opens("/import")
    page.get_by_label("名册文件").set_input_files(sheet(tmp_path / "柳溪镇名册.xlsx"))
    page.get_by_role("button", name="上传，先看一看").click()
    # Nobody could know that 人员 is the name; the samples beside it tell.
    expect(page.get_by_role("alert")).to_contain_text("没有认出“姓名”")
    page.get_by_label("人员").select_option("姓名")
    page.get_by_role("button", name="先试算，不保存").click()
    arrives(page, "什么都还没有保存")
    expect(page.locator(".tally .created")).to_contain_text("1")
    page.get_by_role("button", name="导入 5 行").click()
    arrives(page, "导入完成")
    expect(page.locator(".tally .failed")).to_contain_text("2")
    expect(page.locator(".tally .repeated")).to_contain_text("1")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载要改的").click()
    rows = list(load_workbook(io.BytesIO(download.value.path().read_bytes())).worksheets[0].values)
    assert [row[3] for row in rows] == ["人员", "吴建国", "郑秀英"]
    assert "校验码" in str(rows[1][0])
    desk.opens("/people")
    page.get_by_label("找人").fill("zgx")
    page.get_by_role("button", name="找", exact=True).click()
    page.get_by_role("link", name="周桂香").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("周桂香")
    expect(page.get_by_text("给本人的副本")).to_be_attached()
