"""Signing the unremarkable drafts together: never a remarkable one."""

from __future__ import annotations

from sqlmodel import Session, select

from care.level import Level
from records.tables import AuditEvent, FollowUp
from tests.inbox.browser import Browser, Opening
from tests.inbox.county import County
from tests.inbox.forms_county import drafted, measured, pressure
from tests.inbox.office import Office


def states(office: Office) -> dict[str, str]:
    with office.database.reading() as session:
        return {row.id: row.state for row in session.exec(select(FollowUp)).all()}


def three(county: County) -> list[str]:
    names = ("王桂芳", "李大山", "赵秀英")
    return [drafted(county, county.person("a", name)[0], pressure(126, 78)) for name in names]


async def together(one: Browser, ids: list[str]) -> str:
    """Tick these and press the one button."""
    await one.get("/account")
    csrf = one.page.split('name="csrf" value="')[1].split('"')[0]
    body = "&".join([f"csrf={csrf}", *(f"id={row}" for row in ids)])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await one.client.post("/follow-ups", content=body, headers=headers)
    assert answer.status_code == 303
    return (await one.get(answer.headers["location"])).text


async def test_three_calm_drafts_are_signed_with_one_button(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        ids = three(county)
    one = await browser("doctor_a")
    page = (await one.get("/follow-ups")).text
    assert "平稳，可以一起签（3）" in page
    assert page.count(" checked>") == 3
    assert "签好了 3 张" in await together(one, ids)
    assert [states(office)[row] for row in ids] == ["signed"] * 3
    with office.database.reading() as session:
        signed = session.exec(select(AuditEvent).where(AuditEvent.action == "sign")).all()
    assert {event.subject_id for event in signed} == set(ids)


async def test_a_remarkable_draft_has_no_box_and_says_why(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a", "孙有福")
        answers = {"symptoms": ["dizziness"], "medicine_taken": False}
        draft = drafted(county, person, pressure(158, 98), answers=answers)
    one = await browser("doctor_a")
    page = (await one.get("/follow-ups")).text
    assert f'value="{draft}"' not in page
    for why in ("不是控制满意", "有不舒服", "没按时吃药", "没填全"):
        assert why in page
    assert "有 1 张没有签" in await together(one, [draft])
    assert states(office)[draft] == "draft"


async def test_what_became_remarkable_meanwhile_is_not_signed(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        ids = three(county)
    one = await browser("doctor_a")
    await one.get("/follow-ups")
    with office.county() as county:
        _alarm(county.session, county, ids[0])
        row = county.session.get_one(FollowUp, ids[1])
        measured(county, row.person_id, pressure(176, 104))
    page = await together(one, ids)
    assert "签好了 1 张" in page
    assert "这段时间报过警" in page
    assert [states(office)[row] for row in ids] == ["draft", "draft", "signed"]


async def test_a_draft_signed_by_somebody_else_is_left_alone(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        ids = three(county)
    one, other = await browser("doctor_a"), await browser("town_doctor")
    await together(one, ids)
    page = await together(other, ids)
    assert "签好了 0 张" in page
    with office.database.reading() as session:
        doctors = {row.signed_by for row in session.exec(select(FollowUp)) if row.signed_by}
    assert doctors == {office.built.readers["doctor_a"].practitioner_id}


async def test_nobody_signs_for_another_village(office: Office, browser: Opening) -> None:
    with office.county() as county:
        ids = three(county)
    one = await browser("doctor_b")
    page = await together_from_account(one, ids)
    assert "签好了 0 张" in page
    assert set(states(office).values()) == {"draft"}


async def together_from_account(one: Browser, ids: list[str]) -> str:
    await one.get("/account")
    csrf = one.page.split('name="csrf" value="')[1].split('"')[0]
    answer = await one.client.post("/follow-ups", data={"csrf": csrf, "id": ids[0]})
    return (await one.get(answer.headers["location"])).text


async def test_an_empty_list_says_so(browser: Opening) -> None:
    page = (await (await browser("doctor_a")).get("/follow-ups?signed=x")).text
    assert "没有等着签名的随访表" in page


def _alarm(session: Session, county: County, follow_up: str) -> None:
    row = session.get_one(FollowUp, follow_up)
    county.alarm(row.person_id, None, level=Level.URGENT)
