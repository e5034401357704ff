"""From the sheet to the records: matched, compared, never overwritten behind somebody's back."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlmodel import select

from records import registering
from records.register import chunk, fields, mending, settling
from records.tables import (
    AuditEvent,
    Enrolment,
    FollowUp,
    ImportRow,
    ImportRun,
    Person,
    StoredReading,
)
from tests.register.conftest import BOTH, Registry

NUMBER = "11010519491231002X"
HEADER = [
    "姓名",
    "身份证号",
    "电话",
    "村",
    "出生日期",
    "病种",
    "最近随访日期",
    "血压",
    "管理状态",
    "确诊时间",
]
HER: list[Any] = [
    "王桂芳", NUMBER, "13800001111", "上塘村", None, "高血压", "2026-08-20", "152/94", None, "2015年3月",
]  # fmt: skip
NAMELESS: list[Any] = ["李建国", None, "13900002222", "河口村", "1950.5.6", "糖尿病"]


def xlsx(*rows: list[Any], header: list[str] | None = None, title: str = "名册") -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in ([header or HEADER], *[[row] for row in rows]):
        sheet.append(row[0])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def changed(row: list[Any], **cells: Any) -> list[Any]:
    places = {
        "name": 0,
        "number": 1,
        "phone": 2,
        "village": 3,
        "born": 4,
        "visit": 6,
        "pressure": 7,
        "status": 8,
    }
    copy = [*row, *[None] * (len(HEADER) - len(row))]
    for key, value in cells.items():
        copy[places[key]] = value
    return copy


def write_phone(registry: Registry, person_id: str, number: str) -> None:
    """What a doctor does on the person's page."""
    with registry.database.transaction() as session:
        person = session.get_one(Person, person_id)
        person.phone_sealed = registry.vault.seal(number, "persons.phone", person_id)
        person.phone_index = registry.vault.index(number, "phone")
        session.add(person)


def test_a_person_is_registered_with_everything_the_row_says(registry: Registry) -> None:
    registry.brings_in(xlsx(HER))
    (person,) = registry.people()
    assert (person.sex, person.born_on) == ("female", date(1949, 12, 31))
    assert person.identity_number_index == registry.vault.index(NUMBER, "identity")
    with registry.database.reading() as session:
        enrolled = session.exec(select(Enrolment)).one()
        assert (enrolled.programme, enrolled.diagnosed) == ("hypertension", "2015-03")
        value = session.exec(select(StoredReading)).one()
        assert (value.systolic, value.source, value.setting) == (152, "register", "clinic")
        assert value.taken_at.date() == date(2026, 8, 20)
        # Three months after the last visit is in the past: spread over the coming weeks.
        plan = session.exec(select(FollowUp)).one()
        assert date(2026, 11, 23) < plan.due_on <= date(2026, 12, 21)
        noted = session.exec(select(AuditEvent)).one()
    assert noted.action == "person.registered"
    assert "王桂芳" not in str(noted.detail)


@BOTH
def test_the_same_sheet_twice_changes_nothing(registry: Registry) -> None:
    content = xlsx(HER, NAMELESS)
    registry.brings_in(content)
    before = [person.model_dump() for person in registry.people()]
    run_id = registry.brings_in(content)
    assert registry.tally(run_id) == {"unchanged": 2}
    assert [person.model_dump() for person in registry.people()] == before
    with registry.database.reading() as session:
        assert len(session.exec(select(StoredReading)).all()) == 1
        assert len(session.exec(select(AuditEvent)).all()) == 2


def test_a_changed_row_updates_what_nobody_touched_since(registry: Registry) -> None:
    registry.brings_in(xlsx(HER))
    run_id = registry.brings_in(xlsx(changed(HER, phone="13911112222", village="河口村")))
    assert registry.tally(run_id) == {"updated": 1}
    (person,) = registry.people()
    assert registry.phone(person) == "13911112222"
    with registry.database.reading() as session:
        noted = session.exec(select(AuditEvent).where(AuditEvent.action == "person.imported")).one()
    assert sorted(noted.detail["fields"]) == ["facility_id", "phone"]


def test_what_a_doctor_changed_since_is_never_overwritten_in_silence(registry: Registry) -> None:
    registry.brings_in(xlsx(HER))
    (person,) = registry.people()
    write_phone(registry, person.id, "13555556666")
    # The old sheet again: it knows nothing new, and says nothing.
    run_id = registry.brings_in(xlsx(HER))
    assert registry.tally(run_id) == {"unchanged": 1}
    assert registry.codes(run_id) == {2: set()}
    # A sheet with yet another number: told, not taken.
    run_id = registry.brings_in(xlsx(changed(HER, phone="13777778888")))
    assert registry.codes(run_id) == {2: {"kept_newer"}}
    (person,) = registry.people()
    assert registry.phone(person) == "13555556666"
    with registry.database.reading() as session:
        waiting = mending.to_mend(session, session.get_one(ImportRun, run_id))
    assert len(waiting) == 1


def test_somebody_registered_by_hand_is_filled_in_but_not_changed(registry: Registry) -> None:
    registry.brings_in(xlsx(changed(HER, phone=None, pressure=None)))
    (person,) = registry.people()
    with registry.database.transaction() as session:
        for row in session.exec(select(ImportRow)):
            row.written = {}
            session.add(row)
    run_id = registry.brings_in(xlsx(changed(HER, village="石桥村")))
    assert registry.codes(run_id) == {2: {"kept_newer"}}
    (person,) = registry.people()
    assert registry.phone(person) == "13800001111"


def test_a_corrected_value_replaces_the_one_the_last_sheet_brought(registry: Registry) -> None:
    registry.brings_in(xlsx(HER))
    registry.brings_in(xlsx(changed(HER, pressure="142/88")))
    with registry.database.reading() as session:
        values = {one.systolic: one.state for one in session.exec(select(StoredReading))}
    assert values == {152: "replaced", 142: "stored"}


def test_who_has_no_number_is_known_by_name_birthday_and_village(registry: Registry) -> None:
    registry.brings_in(xlsx(NAMELESS))
    run_id = registry.brings_in(
        xlsx(changed(NAMELESS, phone="13911112222", number="330182195005060018"))
    )
    assert registry.tally(run_id) == {"failed": 1}
    run_id = registry.brings_in(xlsx(changed(NAMELESS, phone="13911112222")))
    assert registry.tally(run_id) == {"updated": 1}
    # In another village it may be somebody else: registered, and proposed as a duplicate.
    run_id = registry.brings_in(xlsx(changed(NAMELESS, village="石桥村")))
    assert registry.tally(run_id) == {"created": 1}
    assert registry.codes(run_id) == {2: {"looks_like"}}


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"name": "王桂花"}, "identity_other_name"),
        ({"village": "南湾村"}, "identity_elsewhere"),
    ],
)
def test_one_number_under_two_names_or_in_another_township_is_refused(
    registry: Registry, cells: dict[str, str], code: str
) -> None:
    registry.brings_in(xlsx(HER))
    at = None
    if code == "identity_elsewhere":
        with registry.database.reading() as session:
            from records.tables import Facility

            name = Facility.name == "石桥镇卫生院"
            at = session.exec(select(Facility.id).where(name)).one()
    run_id = registry.brings_in(xlsx(changed(HER, **cells)), at=at)
    assert registry.states(run_id) == {2: "failed"}
    assert code in registry.codes(run_id)[2]
    assert len(registry.people()) == 1


def test_nobody_dies_or_moves_by_a_spreadsheet(registry: Registry) -> None:
    registry.brings_in(xlsx(HER))
    run_id = registry.brings_in(xlsx(changed(HER, status="死亡")))
    assert registry.codes(run_id) == {2: {"status_by_hand"}}
    assert [person.status for person in registry.people()] == ["active"]
    registry.brings_in(xlsx(changed(NAMELESS, status="已迁出")))
    by_status = {person.status: person.id for person in registry.people()}
    with registry.database.reading() as session:
        plans = session.exec(select(FollowUp.person_id)).all()
    assert by_status["moved"] not in plans


def test_a_value_without_a_day_is_left_out_and_said(registry: Registry) -> None:
    run_id = registry.brings_in(xlsx(changed(HER, visit=None)))
    assert registry.codes(run_id) == {2: {"value_without_date"}}


def test_the_village_may_stand_in_the_sheets_name_or_once_for_many_rows(registry: Registry) -> None:
    header = ["姓名", "电话"]
    registry.brings_in(xlsx(["王桂芳", "13800001111"], header=header, title="上塘村"))
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["村", "姓名", "电话"],
        ["河口村", "李建国", None],
        [None, "张秀英", None],
        [None, "赵刚", None],
    ):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    file = io.BytesIO()
    book.save(file)
    run_id = registry.brings_in(file.getvalue())
    # The last one stands below the merged cell: nobody knows where.
    assert registry.states(run_id) == {2: "created", 3: "created", 4: "failed"}
    assert "village_missing" in registry.codes(run_id)[4]


def test_two_villages_of_one_name_need_their_township(registry: Registry) -> None:
    with registry.database.transaction() as session:
        from records.tables import Facility

        far = session.exec(select(Facility).where(Facility.name == "石桥镇卫生院")).one()
        registry.place(session, far, "village_clinic", "上塘村卫生室")
    header = ["姓名", "乡镇", "村"]
    content = xlsx(["王桂芳", None, "上塘村"], ["李建国", "石桥镇", "上塘村"], header=header)
    run_id = registry.brings_in(content)
    assert registry.states(run_id) == {2: "failed", 3: "created"}
    assert "village_ambiguous" in registry.codes(run_id)[2]


def test_the_same_person_twice_in_one_sheet_is_one_person(registry: Registry) -> None:
    run_id = registry.brings_in(xlsx(HER, changed(HER, phone="13911112222")))
    assert registry.states(run_id) == {2: "created", 3: "repeated"}
    (person,) = registry.people()
    assert registry.phone(person) == "13800001111"


@BOTH
def test_a_trial_says_the_same_as_the_import_and_leaves_nothing(registry: Registry) -> None:
    content = xlsx(HER, NAMELESS, changed(HER), changed(NAMELESS, name=None))
    run_id = registry.brings_in(content, trial=True)
    assert registry.people() == []
    told = registry.states(run_id), registry.codes(run_id)
    assert told[0] == {2: "created", 3: "created", 4: "repeated", 5: "failed"}
    registry.begins(run_id)
    registry.works(run_id)
    assert (registry.states(run_id), registry.codes(run_id)) == told


def test_the_sheet_of_rows_to_mend_goes_in_again(registry: Registry) -> None:
    content = xlsx(HER, changed(NAMELESS, phone="1.39E+10"), ["=1+1", None, None, "桃花源"])
    run_id = registry.brings_in(content)
    with registry.database.reading() as session:
        run = session.get_one(ImportRun, run_id)
        errors = mending.error_sheet(session, registry.vault, run)
    book = load_workbook(io.BytesIO(errors))
    sheet = book.active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == ["原因", "原表行号", *HEADER]
    assert [sheet.cell(row, 2).value for row in (2, 3)] == [3, 4]
    assert sheet.cell(3, 3).data_type == "s"
    sheet.cell(2, 5).value = "13900002222"
    sheet.cell(3, 3).value, sheet.cell(3, 6).value = "赵四", "上塘村"
    file = io.BytesIO()
    book.save(file)
    run_id = registry.brings_in(file.getvalue())
    assert registry.states(run_id) == {2: "updated", 3: "created"}
    assert len(registry.people()) == 3


def test_what_was_taken_is_not_kept_a_second_time(registry: Registry) -> None:
    run_id = registry.brings_in(xlsx(HER, ["", "", "", ""], changed(NAMELESS, name=None)))
    kept = {row.number: row.cells_sealed is not None for row in registry.rows(run_id)}
    assert kept == {2: False, 4: True}
    with registry.database.transaction() as session:
        assert registering.forget_old(session, registry.now + timedelta(days=91)) == 1
    assert all(row.cells_sealed is None for row in registry.rows(run_id))


def test_a_preview_nobody_confirms_is_forgotten(registry: Registry) -> None:
    run_id = registry.keeps(xlsx(HER))
    with registry.database.transaction() as session:
        assert registering.forget_old(session, registry.now + timedelta(days=6)) == 0
        assert registering.forget_old(session, registry.now + timedelta(days=8)) == 1
    assert registry.rows(run_id) == []


@BOTH
def test_only_one_works_on_a_run_and_whoever_lost_it_writes_nothing(registry: Registry) -> None:
    run_id = registry.keeps(xlsx(HER))
    registry.begins(run_id)
    with registry.database.transaction() as session:
        lost = registering.claim(session, registry.now)
    assert lost is not None
    with registry.database.transaction() as session:
        assert registering.claim(session, registry.now) is None
    later = registry.now + timedelta(minutes=2)
    with registry.database.transaction() as session:
        taken = registering.claim(session, later)
    assert taken is not None
    assert chunk.advance(registry.database, registry.vault, lost, later) is None
    assert registry.people() == []
    assert chunk.advance(registry.database, registry.vault, taken, later) == 1


@BOTH
def test_a_kill_in_the_middle_of_a_chunk_doubles_nobody(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = xlsx(*[changed(NAMELESS, name=f"李{c}") for c in "甲乙丙丁"], header=HEADER)
    run_id = registry.keeps(content)
    registry.begins(run_id)
    monkeypatch.setattr(chunk, "CHUNK", 2)
    registry.works(run_id, chunks=1)
    assert len(registry.people()) == 2
    real = chunk._keep

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(chunk, "_keep", killed)
    registry.now += timedelta(minutes=2)
    with pytest.raises(KeyboardInterrupt):
        registry.works(run_id)
    assert len(registry.people()) == 2
    monkeypatch.setattr(chunk, "_keep", real)
    registry.now += timedelta(minutes=2)
    registry.works(run_id)
    assert registry.tally(run_id) == {"created": 4}
    assert len(registry.people()) == 4


def test_one_bad_row_stops_nobody_else(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fields.put

    def chokes(vault: Any, person: Any, key: str, value: str) -> None:
        if value == "李丙":
            raise ValueError(value)
        real(vault, person, key, value)

    monkeypatch.setattr(settling, "put", chokes)
    content = xlsx(*[changed(NAMELESS, name=f"李{c}") for c in "甲乙丙丁"])
    run_id = registry.brings_in(content)
    assert registry.states(run_id) == {2: "created", 3: "created", 4: "failed", 5: "created"}
    assert registry.codes(run_id)[4] == {"row_broken"}
