"""Files as they are saved by Excel, WPS and their users."""

from __future__ import annotations

import io
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from sqlmodel import select

from records import erasing, merging
from records.reader import Reader
from records.register.columns import guess, header_of
from records.register.workbook import FileError, Line, read_file
from records.tables import Facility, Person
from tests.register.conftest import Registry
from tests.register.test_registering import HER, NAMELESS, changed, xlsx

TEXT = "姓名,电话,村\n王桂芳,13800001111,上塘村\n"


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gb18030"),
        TEXT.encode("utf-16"),
        TEXT.replace(",", "\t").encode("gb18030"),
        TEXT.replace(",", ";").encode(),
        TEXT.replace("13800001111", '="13800001111"').replace("\n", "\r\n").encode(),
    ],
)
def test_a_csv_is_read_however_it_was_saved(content: bytes) -> None:
    (sheet,) = read_file(content)
    assert [line.cells for line in sheet.lines] == [
        ["姓名", "电话", "村"],
        ["王桂芳", "13800001111", "上塘村"],
    ]


def test_cells_come_as_text_numbers_and_days_and_hidden_sheets_do_not_come() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(
        ["a", 1, 2.5, date(1956, 3, 5), datetime(1956, 3, 5, 8), time(8), True, "=A1", " "]  # noqa: DTZ001 - a cell knows no zone
    )
    hidden = book.create_sheet("选项")
    hidden.append(["高血压", "糖尿病"])
    hidden.sheet_state = "hidden"
    (read,) = read_file(saved(book))
    assert read.lines[0].cells == ["a", 1, 2.5, "1956-03-05", "1956-03-05", "=time", "是", "=A1"]


def test_a_calendar_four_years_off_is_refused() -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    assert book.active is not None
    book.active.append(["姓名", date(1956, 3, 5)])
    with pytest.raises(FileError, match="1904"):
        read_file(saved(book))


def test_more_rows_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.register.workbook.MOST_ROWS", 3)
    with pytest.raises(FileError, match="太大"):
        read_file(("a,b\n" * 4).encode())
    book = Workbook()
    other = book.create_sheet("二")
    for sheet in (book.worksheets[0], other):
        sheet.append(["a", "b"])
        sheet.append(["c", "d"])
    with pytest.raises(FileError, match="太大"):
        read_file(saved(book))


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (["患者姓名", "家属姓名", "责任医生姓名"], {0: "name", 1: "emergency_name"}),
        (["紧急联系人电话", "联系电话"], {0: "emergency_phone", 1: "phone"}),
        (["高血压确诊时间", "高血压（打√）"], {0: "diagnosed", 1: "hypertension"}),
        (["下次随访日期", "末次随访日期*"], {1: "last_visit"}),
        (["收缩压(mmHg)", "舒张压(mmHg)"], {0: "systolic", 1: "diastolic"}),
        (["公民身份号码", "证件类型"], {0: "identity_number"}),
        (["备注", ""], {}),
    ],
)
def test_headers_are_recognised_by_name(words: list[str], fields: dict[int, str]) -> None:
    assert guess(words) == fields


def test_a_header_of_two_rows_is_read_together() -> None:
    lines = [
        Line(1, ["某某卫生院名册"]),
        Line(2, ["姓名", "证件号", "血压", None, "村"]),
        Line(3, [None, None, "收缩压", "舒张压", None]),
        Line(4, ["王桂芳", None, 142, 86, "上塘村"]),
    ]
    header = header_of(lines)
    assert (header.index, header.known) == (2, True)
    assert header.mapping == {
        0: "name",
        1: "identity_number",
        2: "systolic",
        3: "diastolic",
        4: "village",
    }


def test_a_sheet_brought_in_after_a_merger_finds_the_one_kept(registry: Registry) -> None:
    both = xlsx(NAMELESS, changed(NAMELESS, village="石桥村"))
    registry.brings_in(both)
    kept, other = (person.id for person in registry.people())
    with registry.database.transaction() as session:
        place = session.exec(select(Facility).where(Facility.kind == "county")).one()
        reader = Reader("p", "county_duty", place.id, place.path)
        assert merging.merge(session, registry.vault, reader, kept, other, registry.now)
    registry.brings_in(both)
    assert [person.status for person in registry.people()] == ["active", "merged"]


def test_a_sheet_brought_in_after_an_erasure_registers_anew(registry: Registry) -> None:
    registry.brings_in(xlsx(HER))
    (person,) = registry.people()
    with registry.database.transaction() as session:
        erasing.erase(session, registry.vault, person.id, actor="operator", now=registry.now)
    registry.brings_in(xlsx(HER))
    assert [one.status for one in registry.people()] == ["erased", "active"]
    with registry.database.reading() as session:
        assert session.get_one(Person, person.id).name_sealed is None
