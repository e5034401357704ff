"""The page that brings a register in: everything works without JavaScript, nothing is saved unseen."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook
from sqlmodel import col, select

from records import registering
from records.register import chunk
from records.register.workbook import LARGEST_FILE
from records.tables import AuditEvent, ImportRow, ImportRun, Person
from tests.inbox.browser import Browser, Opening
from tests.inbox.office import Office

ROWS: list[list[Any]] = [
    ["清水镇慢病名册"],
    [],
    ["编号", "称呼", "身份证号", "电话", "所属村委会", "病种"],
    [1, "王桂芳", "11010519491231002X", "13800001111.0", "东沟村", "高血压"],
    [2, "李建国", None, "1.38E+10", "西坡村", "糖尿病"],
    [3, "张三", "110105194912310021", "", "东沟村", "高血压"],
    [4, "赵四", None, "", "桃花源", "高血压"],
    ["合计", "4人"],
]


def xlsx(rows: list[list[Any]] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows or ROWS:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def upload(one: Browser, content: bytes, name: str = "名册.xlsx") -> httpx.Response:
    await one.get("/import")
    token = re.search(r'name="csrf" value="([^"]+)"', one.page)
    assert token
    return await one.client.post(
        "/import", data={"csrf": token[1]}, files={"file": (name, content)}
    )


def work(office: Office) -> None:
    """What the worker does with what was confirmed."""
    with office.database.transaction() as session:
        claimed = registering.claim(session, office.now)
    assert claimed
    while chunk.advance(office.database, office.vault, claimed, office.now) is not None:
        pass


def chosen(page: str) -> dict[str, str]:
    """What the form on the page would send."""
    found = {}
    for select_, options in re.findall(r'<select id="(c\d+)".*?>(.*?)</select>', page, re.DOTALL):
        value = re.search(r'value="(\w*)" selected', options)
        found[select_] = value[1] if value else ""
    return found


def people(office: Office) -> list[Person]:
    with office.database.reading() as session:
        return list(session.exec(select(Person).order_by(col(Person.id))).all())


async def test_from_the_file_to_the_people_and_back_to_the_rows_to_mend(
    office: Office, browser: Opening
) -> None:
    one = await browser("town_doctor")
    sent = await upload(one, xlsx())
    assert sent.status_code == 303
    place = sent.headers["location"]
    await one.get(place)
    assert "没有认出“姓名”" in one.page
    assert "13800001111.0" in one.page
    form = chosen(one.page)
    assert form == {
        "c0": "", "c1": "", "c2": "identity_number", "c3": "phone", "c4": "village",
        "c5": "programme",
    }  # fmt: skip
    form["c1"] = "name"
    await one.post(place, {**form, "action": "trial"})
    await one.get(place)
    assert 'http-equiv="refresh"' in one.page
    work(office)
    await one.get(place)
    assert "什么都还没有保存" in one.page
    assert people(office) == []
    await one.post(place, {**chosen(one.page), "action": "confirm"})
    work(office)
    await one.get(place)
    assert "导入完成" in one.page
    assert "<b>2</b>新建档" in one.page
    assert "第 6 行 张三" in one.page
    assert "校验码不对" in one.page
    assert len(people(office)) == 2
    await mend(office, one, place)


async def mend(office: Office, one: Browser, place: str) -> None:
    """The rows to mend come back as they were, with their reasons."""
    answer = await one.get(f"{place}/errors.xlsx")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[3] for row in rows] == ["称呼", "李建国", "张三", "赵四"]
    assert "没有这个村" in str(rows[3][0])
    with office.database.reading() as session:
        actions = set(session.exec(select(AuditEvent.action)).all())
    assert actions >= {
        "import.uploaded", "import.tried", "import.confirmed", "import.errors_taken", "read",
        "person.registered",
    }  # fmt: skip


async def test_without_a_name_nothing_can_begin(office: Office, browser: Opening) -> None:
    one = await browser("town_doctor")
    place = (await upload(one, xlsx())).headers["location"]
    await one.get(place)
    await one.post(place, {**chosen(one.page), "action": "confirm"})
    await one.get(place)
    assert "没有认出“姓名”" in one.page
    with office.database.reading() as session:
        assert session.exec(select(ImportRun.state)).all() == ["preview"]


async def test_a_file_that_is_let_be_leaves_nothing(office: Office, browser: Opening) -> None:
    one = await browser("town_doctor")
    place = (await upload(one, xlsx())).headers["location"]
    await one.get(place)
    await one.post(place, {"action": "cancel"})
    await one.get(place)
    assert "已经放弃" in one.page
    with office.database.reading() as session:
        assert session.exec(select(ImportRow)).all() == []
        assert session.exec(select(ImportRun.outline_sealed)).all() == [None]


async def test_another_group_of_sheets_can_be_taken(office: Office, browser: Opening) -> None:
    book = load_workbook(io.BytesIO(xlsx()))
    other = book.create_sheet("新增")
    for row in (["姓名", "村", "电话"], ["孙五", "东沟村", "13800002222"]):
        other.append(row)
    file = io.BytesIO()
    book.save(file)
    one = await browser("town_doctor")
    place = (await upload(one, file.getvalue())).headers["location"]
    await one.get(place)
    assert "新增（1 行）" in one.page
    assert "王桂芳" in one.page
    await one.post(place, {"family": "1", "action": "map"})
    await one.get(place)
    assert "孙五" in one.page
    assert "王桂芳" not in one.page


@pytest.mark.parametrize("login", ["doctor_a", "bureau", "curator"])
async def test_only_those_above_the_village_bring_people_in(
    office: Office, browser: Opening, login: str
) -> None:
    one = await browser(login)
    assert (await one.get("/import")).status_code == 404
    await one.get("/account")
    token = re.search(r'name="csrf" value="([^"]+)"', one.page)
    assert token
    answer = await one.client.post(
        "/import", data={"csrf": token[1]}, files={"file": ("x.xlsx", xlsx())}
    )
    assert answer.status_code == 404
    with office.database.reading() as session:
        assert session.exec(select(ImportRun)).all() == []


async def test_an_upload_without_its_token_is_refused(office: Office, browser: Opening) -> None:
    one = await browser("town_doctor")
    answer = await one.client.post("/import", files={"file": ("x.xlsx", xlsx())})
    assert answer.status_code == 403
    abroad = await one.client.post(
        "/import", files={"file": ("x.xlsx", xlsx())}, headers={"Origin": "https://evil.test"}
    )
    assert abroad.status_code == 403
    with office.database.reading() as session:
        assert session.exec(select(ImportRun)).all() == []


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(7):
            parts.writestr(f"xl/worksheets/sheet{number}.xml", b"\0" * 20_000_000)
    return file.getvalue()


def macro() -> bytes:
    file = io.BytesIO(xlsx())
    with zipfile.ZipFile(file, "a") as parts:
        parts.writestr("xl/vbaProject.bin", b"x")
    return file.getvalue()


def entity() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>')
    return file.getvalue()


def far_away() -> bytes:
    """One letter in the last corner: a careless reader would fill three thousand million cells."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["XFD1048576"] = "x"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: b"", "还没有选文件"),
        (lambda: b"hello", "只认 .xlsx"),
        (lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600, "老的 .xls"),
        (lambda: xlsx()[:900], "打不开"),
        (lambda: xlsx([[]]), "没有内容"),
        (lambda: b" " * (LARGEST_FILE + 200_000), "文件太大"),
        (lambda: xlsx([["x"] * 130]), "列太多"),
        (lambda: b"\x81\x30,\xff\xff", "编码"),
        (bomb, "大得不正常"),
        (far_away, "列太多"),
        (macro, "带宏"),
        (entity, "大得不正常"),
    ],
)
async def test_what_is_no_register_is_refused_with_what_to_do(
    office: Office, browser: Opening, make: Callable[[], bytes], said: str
) -> None:
    one = await browser("town_doctor")
    answer = await upload(one, make())
    assert answer.status_code in {413, 422}
    assert said in answer.text
    with office.database.reading() as session:
        assert session.exec(select(ImportRun)).all() == []


async def test_another_township_does_not_see_the_import(office: Office, browser: Opening) -> None:
    with office.county() as county:
        county.practitioner("far", "far_town", "township_doctor", "远医生")
    one = await browser("town_doctor")
    place = (await upload(one, xlsx())).headers["location"]
    other = await browser("far")
    await other.get("/import")
    assert "名册.xlsx" not in other.page
    for path in (place, f"{place}/errors.xlsx"):
        assert (await other.get(path)).status_code == 404
    await other.get("/account")
    assert (await other.post(place, {"action": "confirm"})).status_code == 404
    with office.database.reading() as session:
        assert session.exec(select(ImportRun.state)).all() == ["preview"]


async def test_a_run_that_is_done_does_not_begin_again(office: Office, browser: Opening) -> None:
    one = await browser("town_doctor")
    content = "姓名,村\n王桂芳,东沟村\n".encode()
    place = (await upload(one, content, "名册.csv")).headers["location"]
    await one.get(place)
    await one.post(place, {"action": "confirm"})
    work(office)
    await one.get("/account")
    for action in ("confirm", "trial", "cancel"):
        assert (await one.post(place, {"action": action})).status_code == 303
    await one.get(place)
    assert "导入完成" in one.page
    assert len(people(office)) == 1
