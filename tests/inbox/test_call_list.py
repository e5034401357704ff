"""The call list: why, in what order, and one tap for what came of it."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select

from records import calls, follow_ups
from records.people import china_date
from records.tables import ContactPoint, FollowUp, Person, Task
from tests.inbox.browser import Browser, Opening
from tests.inbox.county import County
from tests.inbox.forms_county import measured, opened, pressure
from tests.inbox.office import Office


def silent(
    county: County, name: str, *, days: int = 12, bad: bool = False, place: str = "a"
) -> tuple[str, str]:
    """Somebody who did not answer, and the task to phone."""
    person, _ = county.person(place, name)
    today = china_date(county.now)
    if bad:
        before = opened(county, person, due_on=today - timedelta(days=60))
        follow_ups.draft(county.session, before, {}, "unsatisfactory", county.now)
    row = opened(county, person, due_on=today - timedelta(days=days))
    follow_ups.fall_silent(county.session, row, county.now)
    return person, county.task(person, place=place)


async def pressed(one: Browser, task: str, outcome: str) -> str:
    await one.get("/tasks")
    answer = await one.post(f"/tasks/{task}", {"outcome": outcome})
    assert answer.status_code == 303
    return str(answer.headers["location"])


def open_tasks(office: Office) -> list[Task]:
    with office.database.reading() as session:
        found = session.exec(select(Task).where(col(Task.closed_at).is_(None))).all()
        return sorted(found, key=lambda row: row.opened_at)


async def test_the_list_says_why_and_puts_the_worst_first(office: Office, browser: Opening) -> None:
    with office.county() as county:
        silent(county, "李大山", days=40)
        silent(county, "孙有福", days=3, bad=True)
        person, _ = silent(county, "赵秀英", days=9)
        for row in county.session.exec(select(ContactPoint)).all():
            row.unfollowed_at = county.now
            county.session.add(row)
    page = (await (await browser("doctor_a")).get("/tasks")).text
    assert page.index("孙有福") < page.index("李大山") < page.index("赵秀英")
    for why in ("上次不满意，没复查", "逾期 40 天", "逾期 3 天", "没绑定微信", "提醒两次没有回音"):
        assert why in page
    assert "第一次控制不满意：问清服药情况" in page
    assert "gphs.htn.class.first_bad" in page
    assert 'href="tel:13800001111"' in page
    assert f"/persons/{person}#part-life" in page


async def test_filters_by_village(office: Office, browser: Opening) -> None:
    with office.county() as county:
        silent(county, "李大山")
        silent(county, "孙有福", place="b")
    one = await browser("town_doctor")
    page = (await one.get("/tasks")).text
    assert "李大山" in page
    assert "孙有福" in page
    page = (await one.get(f"/tasks?village={office.built.places['b'].id}")).text
    assert "李大山" not in page
    assert "孙有福" in page


async def test_reached_and_followed_up_opens_the_form_and_the_task_ends_when_it_is_signed(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, task = silent(county, "李大山")
    one = await browser("doctor_a")
    place = await pressed(one, task, "followed_up")
    assert place == f"/persons/{person}/visit?by=phone"
    assert [row.id for row in open_tasks(office)] == [task]
    await one.get(place)
    told = {
        "contact": "phone",
        "systolic": "138",
        "diastolic": "84",
        "hypertension:symptoms.1": "1",
        "med_adherence": "1",
        "adr": "1",
    }
    assert (await one.post(f"/persons/{person}/visit", told)).status_code == 303
    assert open_tasks(office) == []
    with office.database.reading() as session:
        assert session.get_one(Task, task).outcome == "reached"
        row = session.exec(select(FollowUp).where(FollowUp.state == "signed")).one()
    assert row.mode == "phone"


async def test_another_day_comes_back_after_some_days_and_is_kept_aside(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        _, task = silent(county, "李大山")
    one = await browser("doctor_a")
    page = (await one.get(await pressed(one, task, "later"))).text
    assert "改天再打的（1）" in page
    (again,) = open_tasks(office)
    assert (again.reason, again.due_on) == (
        "call_later",
        china_date(office.now) + timedelta(days=3),
    )
    office.now += timedelta(days=3)
    await one.sign_in("doctor_a")
    page = (await one.get("/tasks")).text
    assert "要打的电话（1）" in page
    assert "上次说好改天再打" in page


async def test_nobody_answers_and_the_list_counts(office: Office, browser: Opening) -> None:
    with office.county() as county:
        _, task = silent(county, "李大山")
    one = await browser("doctor_a")
    await pressed(one, task, "no_answer")
    page = (await one.get("/tasks")).text
    assert "打过 1 次没人接" in page
    (again,) = open_tasks(office)
    assert again.due_on == china_date(office.now) + timedelta(days=1)


async def test_a_dead_number_becomes_a_visit_or_a_question_to_the_family(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        _, task = silent(county, "李大山")
    one = await browser("doctor_a")
    page = (await one.get(await pressed(one, task, "wrong_number"))).text
    assert "请上门或向家里人问新号码" in page
    assert "电话是空号，要问新号码" in page
    (again,) = open_tasks(office)
    assert again.kind == "review"


async def test_who_refuses_is_left_in_peace_at_once(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, task = silent(county, "李大山")
    one = await browser("doctor_a")
    assert await pressed(one, task, "refused") == f"/persons/{person}"
    with office.database.reading() as session:
        assert session.get_one(Person, person).status == "refused"
    assert open_tasks(office) == []


async def test_who_came_back_after_a_call(office: Office, browser: Opening) -> None:
    with office.county() as county:
        reader = county.readers["doctor_a"].practitioner_id
        called_at = county.now - timedelta(days=20)
        people = [silent(county, name) for name in ("甲", "乙", "丙")]
        for person, task in people:
            row = county.session.get_one(Task, task)
            row.closed_at, row.closed_by, row.outcome = called_at, reader, "reached"
            county.session.add(row)
            assert person
        measured(county, people[0][0], pressure(130, 80), ago=timedelta(days=10))
        measured(county, people[1][0], pressure(130, 80), ago=timedelta(days=1))
        visited = opened(county, people[2][0], due_on=china_date(called_at))
        one = county.session.get_one(FollowUp, visited)
        one.state, one.mode = "signed", "face_to_face"
        one.held_on = china_date(called_at) + timedelta(days=2)
        county.session.add(one)
        county.session.flush()
        found = calls.returned(county.session, county.readers["doctor_a"], county.now)
        elsewhere = calls.returned(county.session, county.readers["doctor_b"], county.now)
    assert (found.called, found.returned, found.days) == (3, 2, 15)
    assert elsewhere.called == 0
    page = (await (await browser("doctor_a")).get("/tasks")).text
    assert "<b>2</b> / 3 人" in page
    assert "电话里报的数不算" in page


async def test_another_village_cannot_call(office: Office, browser: Opening) -> None:
    with office.county() as county:
        _, task = silent(county, "李大山")
    one = await browser("doctor_b")
    await one.get("/tasks")
    for outcome in ("followed_up", "refused", "later"):
        await one.get("/account")
        answer = await one.post(f"/tasks/{task}", {"outcome": outcome})
        assert answer.status_code == 404
