"""A person's file, photos and voice messages, and tasks."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlmodel import select

from inbox import people
from records.tables import AuditEvent, Person, Task
from tests.inbox.browser import Opening
from tests.inbox.office import Office


async def test_a_person_without_any_case_has_a_file(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a", "李大山")
        county.says(point, "今天 135/85")
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    for words in ("李大山", "今天 135/85", "还没有测量记录", "本人的手机"):
        assert words in page
    with office.database.reading() as session:
        read = session.exec(select(AuditEvent).where(AuditEvent.subject == "person")).one()
    assert read.person_id == person


async def test_a_file_leads_to_the_open_case(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        case = county.alarm(person, point)
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert f'href="/cases/{case}"' in page


async def test_a_stranger_is_called_a_stranger(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person(None)
        row = county.session.get_one(Person, person)
        row.name_sealed, row.phone_sealed, row.born_on, row.status = (
            None,
            None,
            None,
            "unidentified",
        )
        county.session.add(row)
        county.alarm(person, point, place=None)
    one = await browser("town_doctor")
    assert "未建档的人" in (await one.get("/")).text
    page = (await one.get(f"/persons/{person}")).text
    assert "还不知道是哪个村" in page
    assert "tel:" not in page


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp"])
async def test_a_photo_is_shown_and_nothing_in_it_may_run(
    office: Office, browser: Opening, kind: str
) -> None:
    with office.county() as county:
        _, point = county.person("a")
        photo = county.photo(county.says(point, "", kind="image"), b"\xff\xd8", kind)
    answer = await (await browser("doctor_a")).get(f"/media/{photo}")
    assert answer.content == b"\xff\xd8"
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"].startswith("inline")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("audio/amr", "audio/amr"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
async def test_everything_else_is_a_download(
    office: Office, browser: Opening, kind: str, told: str
) -> None:
    with office.county() as county:
        _, point = county.person("a")
        file = county.photo(county.says(point, "", kind="voice"), b"<script>", kind)
    answer = await (await browser("doctor_a")).get(f"/media/{file}")
    assert answer.headers["content-type"] == told
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_looking_at_a_photo_is_written_down(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        photo = county.photo(county.says(point, "", kind="image"), b"x")
    await (await browser("doctor_a")).get(f"/media/{photo}")
    with office.database.reading() as session:
        read = session.exec(select(AuditEvent).where(AuditEvent.subject == "media")).one()
    assert (read.subject_id, read.person_id) == (photo, person)


async def test_a_photo_stands_in_the_conversation_and_a_voice_is_a_download(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, point = county.person("a")
        photo = county.photo(county.says(point, "", kind="image"), b"x")
        voice = county.photo(county.says(point, "", kind="voice"), b"x", "audio/amr")
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert f'<img src="/media/{photo}"' in page
    assert f'href="/media/{voice}" download' in page


async def test_a_call_task_dials_and_closes_with_one_tap(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a", "李大山")
        job = county.task(person)
    one = await browser("doctor_a")
    page = (await one.get("/tasks")).text
    for words in ("打电话", "李大山", "tel:13800001111", "提醒两次没有回音", "没人接"):
        assert words in page
    answer = await one.post(f"/tasks/{job}", {"outcome": "reached"})
    assert answer.headers["location"] == "/tasks?done=task"
    assert "任务都做完了" in (await one.get("/tasks")).text
    with office.database.reading() as session:
        row = session.get_one(Task, job)
    assert (row.outcome, row.closed_by) == (
        "reached",
        office.built.readers["doctor_a"].practitioner_id,
    )


async def test_who_does_not_answer_is_called_again_tomorrow(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        job = county.task(county.person("a", "李大山")[0])
    one = await browser("doctor_a")
    await one.get("/tasks")
    answer = await one.post(f"/tasks/{job}", {"outcome": "no_answer"})
    page = (await one.get(answer.headers["location"])).text
    assert "明天会再提醒您打一次" in page
    assert "应在2026年11月24日前" in page
    with office.database.reading() as session:
        again = session.exec(select(Task).where(Task.id != job)).one()
    assert (again.kind, again.reason, again.due_on) == ("call", "silent", date(2026, 11, 24))


async def test_a_task_to_read_shows_the_words(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        message = county.says(point, "俺那药盒上写嘞啥")
        county.task(person, kind="read_message", reason="turn_failed", message_id=message)
        county.task(person, kind="call", reason="undelivered:not_following")
        county.task(person, kind="review", reason="bp_uncontrolled")
    page = (await (await browser("doctor_a")).get("/tasks")).text
    for words in (
        "俺那药盒上写嘞啥",
        "系统没读懂",
        "消息没有送到（已取消关注）",
        "血压未达标",
    ):
        assert words in page


async def test_the_second_to_close_a_task_is_told(office: Office, browser: Opening) -> None:
    with office.county() as county:
        job = county.task(county.person("a")[0])
    one, other = await browser("doctor_a"), await browser("town_doctor")
    for doctor in (one, other):
        await doctor.get("/tasks")
    await one.post(f"/tasks/{job}", {"outcome": "reached"})
    late = await other.post(f"/tasks/{job}", {"outcome": "reached"})
    assert "慢了一步" in (await other.get(late.headers["location"])).text


async def test_everything_of_one_person_stands_on_one_page(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, point = county.person("a", "王桂芳")
        county.alarm(person, point)
        county.pressure(person, 142, 88)
        county.says(point, "俺吃厄贝沙坦，早上一片")
        county.task(person, reason="asked_for_doctor")
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    for words in (
        "王桂芳",
        "女 72 岁",
        "东沟村",
        "高血压",
        "tel:13800001111",
        "有待处理的情况",
        "要找医生",
        "家里血压",
        "142/88",
        "七天 1 次平均",
        "治疗目标",
        "达标口径",
        "自己说的",
        "还没有随访过",
        "微信窗口",
        "记一次测量",
        f"/persons/{person}/measure",
    ):
        assert words in page, words
    assert page.index("有待处理的情况") < page.index("家里血压") < page.index("对话</h2>")


async def test_the_conversation_has_days_and_earlier_pages(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, point = county.person("a")
        for number in range(85):
            county.says(point, f"第{number}条", ago=timedelta(hours=200 - number))
    one = await browser("doctor_a")
    page = (await one.get(f"/persons/{person}")).text
    assert "第84条" in page
    assert "第3条" not in page
    assert "11月18日 星期三" in page
    link = re.search(rf'href="(/persons/{person}/conversation\?before=\d+)"', page)
    assert link is not None
    earlier = (await one.get(link[1])).text
    assert "第3条" in earlier
    assert "第84条" not in earlier
    assert "更早的消息" not in earlier
    whole = (await one.get(f"/persons/{person}/conversation")).text
    assert "第84条" in whole
    assert "没有更早的消息" in (await one.get(f"/persons/{person}/conversation?before=1")).text
    for odd in ("x", "-1", "9" * 30):
        answer = await one.get(f"/persons/{person}/conversation?before={odd}")
        assert answer.status_code == 404


async def test_rarer_parts_are_folded_away_in_a_fixed_order(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    shown = re.findall(r'<details class="panel part" id="part-([a-z]+)"', page)
    ordered = [name for name in people.ORDER if name in shown]
    assert shown[: len(ordered)] == ordered
    assert set(shown) == set(people.PARTS) - set(people.IN_PLACE)
