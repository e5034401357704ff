"""Registers, facilities and exports as an operator types them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlmodel import Session, select

from records import registering
from records.register import chunk
from records.tables import AuditEvent, Facility, ImportRun, Person
from suifang import clock
from suifang.errors import EXIT_CONFIGURATION
from suifang.installation import Installation
from tests.inbox.county import there
from tests.register.nasty import Nasty
from tests.suifang.conftest import Command

PLACES = "县,乡镇,村,电话\n清水县,清水镇卫生院,东沟村卫生室,0571-88001234\n,,,\n清水县,清水镇卫生院,西坡村卫生室,13800001111\n"
TREE: list[list[Any]] = [
    ["机构编码", "机构名称", "机构类型", "上级机构", "电话"],
    ["3303", "南湾村卫生室", "卫生室", "3302", None],
    ["3302", "石桥镇卫生院", "乡镇卫生院", "3301", "0571-88005678"],
    ["3301", "清水县", "县", None, None],
    ["3309", "某某中心", None, "3301", None],
    ["3310", "孤村卫生室", "卫生室", "9999", None],
]


@pytest.fixture
def places(installed: Path, suifang: Command) -> Path:
    file = installed.parent / "places.csv"
    file.write_text(PLACES, encoding="gb18030")
    assert suifang("facility", "import", str(file)).code == 0
    return file


def register(folder: Path, size: int = 40) -> Path:
    file = folder / "register.xlsx"
    content, _ = Nasty(3, ["东沟村", "西坡村"]).sheet(size)
    file.write_bytes(content)
    return file


def people(installation: Installation) -> list[Person]:
    with installation.database.reading() as session:
        return list(session.exec(select(Person)).all())


def test_facilities_come_as_rows_of_villages_and_again_change_nothing(
    suifang: Command, places: Path, installation: Installation
) -> None:
    with installation.database.reading() as session:
        rows = {one.name: one for one in session.exec(select(Facility))}
    village, town = rows["东沟村卫生室"], rows["清水镇卫生院"]
    assert len(rows) == 4
    assert village.path == f"{rows['清水县'].path}{town.id}/{village.id}/"
    assert (village.kind, village.phone) == ("village_clinic", "057188001234")
    again = suifang("facility", "import", str(places))
    assert "新增 0 个，更新 0 个，没有变化 4 个" in again.err
    assert "东沟村卫生室" in suifang("facility", "list").out


def test_strangers_belong_where_somebody_can_be_rung(
    suifang: Command, places: Path, installation: Installation
) -> None:
    del places
    assert "没有指定" in suifang("facility", "default").err
    refused = suifang("facility", "default", "东沟村卫生室")
    assert refused.code == EXIT_CONFIGURATION
    assert "先用 suifang staff add" in refused.err
    add = ("staff", "add", "zhang", "--name", "张伟", "--role", "township_doctor")
    added = suifang(*add, "--facility", "清水镇卫生院", "--password", "a long enough secret")
    assert added.code == 0, added.err
    # The only township: nobody had to say so.
    assert "归清水镇卫生院管" in suifang("facility", "default").err
    assert "归东沟村卫生室管" in suifang("facility", "default", "东沟村卫生室").err
    with installation.database.reading() as session:
        actions = [one.action for one in session.exec(select(AuditEvent))]
    assert actions.count("facility.default") == 1


def test_facilities_come_as_a_tree_in_any_order(
    suifang: Command, installed: Path, installation: Installation
) -> None:
    book = Workbook()
    assert book.active is not None
    for row in TREE:
        book.active.append(row)
    file = installed.parent / "tree.xlsx"
    book.save(file)
    ran = suifang("facility", "import", str(file))
    assert ran.code == 1
    assert "新增 3 个" in ran.err
    assert "第 5 行：看不出是县、乡镇卫生院还是村卫生室" in ran.err
    assert "第 6 行：没有找到上级机构“9999”" in ran.err
    with installation.database.reading() as session:
        kinds = {one.code: one.kind for one in session.exec(select(Facility))}
    assert kinds == {"3301": "county", "3302": "township_health_centre", "3303": "village_clinic"}


def test_a_dry_run_counts_and_saves_nothing(
    suifang: Command, places: Path, installation: Installation
) -> None:
    file = register(places.parent)
    dry = suifang("import", str(file), "--dry-run")
    assert dry.code == 0
    assert "试算，什么都没有存" in dry.err
    assert people(installation) == []
    real = suifang("import", str(file), "--yes")
    assert real.code == 0

    def told(text: str) -> str:
        return text.partition("：")[2].split("新建档")[1].split("有 ")[0]

    assert told(dry.err.split("什么都没有存")[1]) == told(real.err.split("导入完成")[1])


def test_the_rows_to_mend_are_written_beside_the_file_and_taken_again(
    suifang: Command, places: Path, installation: Installation
) -> None:
    file = register(places.parent)
    assert suifang("import", str(file), "--yes").code == 0
    before = len(people(installation))
    errors = file.with_name("register-要改的行.xlsx")
    assert errors.stat().st_mode & 0o077 == 0
    book = load_workbook(errors)
    sheet = book.active
    assert sheet is not None
    header = [cell.value for cell in sheet[1]]
    village = header.index("所属村委会") + 1
    mended = 0
    for row in range(2, sheet.max_row + 1):
        if sheet.cell(row, village).value == "桃花源村":
            sheet.cell(row, village).value = "东沟村"
            mended += 1
    assert mended > 0
    book.save(errors)
    assert suifang("import", str(errors), "--yes").code == 0
    assert len(people(installation)) == before + mended


def test_saying_no_keeps_nothing(
    suifang: Command, places: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suifang.importing._agreed", lambda _screen: False)
    assert suifang("import", str(register(places.parent))).code == 1
    assert people(installation) == []


def test_an_import_that_was_killed_goes_on_where_it_stopped(
    suifang: Command, places: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = register(places.parent, 150)
    real, calls = chunk.advance, iter(range(9))

    def dies(*args: object) -> int | None:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(chunk, "advance", dies)
    # Typer turns Ctrl-C into the exit code of a shell.
    assert suifang("import", str(file), "--yes").code == 130
    monkeypatch.setattr(chunk, "advance", real)
    assert len(people(installation)) > 0
    with installation.database.reading() as session:
        run = session.exec(select(ImportRun).where(ImportRun.state == "waiting")).one()
    resumed = suifang("import", str(file), "--yes")
    assert resumed.code == 0
    assert "接着导入" in resumed.err
    with installation.database.reading() as session:
        run = session.get_one(ImportRun, run.id)
        counts = registering.tally(session, run)
    content, expected = Nasty(3, ["东沟村", "西坡村"]).sheet(150)
    assert content
    assert counts == expected.counts()
    assert len(people(installation)) == expected.counts()["created"]


def test_rows_that_a_worker_settles_meanwhile_are_watched(
    suifang: Command, places: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = registering.claim
    taken: list[registering.Claim] = []

    def worker_is_faster(session: Session, now: datetime, run_id: str) -> None:
        taken.append(there(real(session, now, run_id)))
        monkeypatch.setattr(registering, "claim", lambda *_: None)

    def worker_works(_seconds: float) -> None:
        chunk.advance(installation.database, installation.vault, taken[0], clock.now())

    monkeypatch.setattr(registering, "claim", worker_is_faster)
    monkeypatch.setattr("suifang.importing.time.sleep", worker_works)
    ran = suifang("import", str(register(places.parent)), "--yes")
    assert ran.code == 0
    assert "导入完成" in ran.err
    assert len(people(installation)) > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "nowhere.xlsx"), "读不到文件"),
        (("import", "notes.txt"), "只认 .xlsx"),
        (("import", "register.xlsx", "--facility", "月球"), "叫“月球”"),
        (("import", "register.xlsx", "--sheet", "别的"), "没有叫“别的”的工作表"),
        (("import", "headless.csv"), "没有找到“姓名”这一列"),
        (("export", "fhir", "--out", "x"), "其中一个"),
        (("export", "fhir", "--out", "x", "--person", "nobody"), "没有这个人"),
        (("person", "export", "nobody"), "没有这个人"),
        (("person", "erase", "nobody", "--yes"), "没有这个人"),
        (("facility", "import", "nowhere.csv"), "读不到文件"),
        (("facility", "import", "notes.txt"), "只认 .xlsx"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    suifang: Command, places: Path, words: tuple[str, ...], said: str
) -> None:
    register(places.parent, 3)
    (places.parent / "notes.txt").write_text("hello")
    (places.parent / "headless.csv").write_text("甲,乙\n一,二\n")
    ran = suifang(*words)
    assert ran.code == EXIT_CONFIGURATION
    assert said in ran.err


def test_a_person_and_a_catchment_leave_as_fhir(
    suifang: Command, places: Path, installation: Installation
) -> None:
    suifang("import", str(register(places.parent, 12)), "--yes")
    person = people(installation)[0]
    out = places.parent / "out"
    assert suifang("export", "fhir", "--person", person.id, "--out", str(out)).code == 0
    (file,) = out.iterdir()
    assert json.loads(file.read_text())["resourceType"] == "Bundle"
    assert file.stat().st_mode & 0o077 == 0
    all_of_them = ("export", "fhir", "--catchment", "清水县", "--out", str(out / "all"))
    assert suifang(*all_of_them, "--without-names").code == 0
    patients = (out / "all" / "Patient.ndjson").read_text().splitlines()
    assert len(patients) == len(people(installation))
    assert "name" not in json.loads(patients[0])
    assert (out / "all" / "Observation.ndjson").exists()
    with installation.database.reading() as session:
        actions = session.exec(select(AuditEvent.action)).all()
    assert {"person.exported", "catchment.exported"} <= set(actions)


def test_a_person_takes_a_copy_and_is_erased(
    suifang: Command, places: Path, installation: Installation
) -> None:
    suifang("import", str(register(places.parent, 5)), "--yes")
    person = people(installation)[0]
    assert suifang("person", "export", person.id, "--out", str(places.parent)).code == 0
    assert list(places.parent.glob("person-*.zip"))
    assert suifang("person", "erase", person.id, typed="n\n").code == 1
    ran = suifang("person", "erase", person.id, "--yes")
    assert "已删除" in ran.err
    assert "erased" in {one.status for one in people(installation)}


def test_accounts_are_listed_and_a_role_may_be_said_in_chinese(
    suifang: Command, places: Path
) -> None:
    words = (
        "staff",
        "add",
        "li",
        "--name",
        "李医生",
        "--role",
        "村医",
        "--facility",
        "东沟村卫生室",
    )
    assert suifang(*words, "--password", "a long enough secret").code == 0
    assert "卫生院医生" in suifang("staff", "add", "--help").out
    listed = suifang("staff", "list").out
    assert "李医生" in listed
    assert "村医" in listed
    suifang("staff", "disable", "li")
    assert "已停用" in suifang("staff", "list").out
