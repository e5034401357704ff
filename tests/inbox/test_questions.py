"""The curators' queue: read, answered, put aside, put together, taken apart, taken back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from records import question_groups
from records.tables import AskedQuestion, AuditEvent, QuestionGroup
from tests.inbox.browser import Browser, Opening
from tests.inbox.county import there
from tests.inbox.office import Office

DYE, BATH, SOAK = "高血压能染头发吗", "糖尿病能泡温泉吗", "血糖高泡温泉行不"


@pytest.fixture
def groups(office: Office) -> dict[str, str]:
    """Two groups: hair dye, asked once; hot springs, asked twice in two villages."""
    with office.county() as county:
        dye = county.question(DYE, ago=timedelta(days=3))
        bath = county.question(BATH, reason="unhelpful", articles=("dm.fruit",))
        county.question(SOAK, group_id=bath, place="c")
    return {"dye": dye, "bath": bath}


async def act(one: Browser, group: str, **fields: str) -> str:
    """Press a button of the group's page; what the next page says."""
    await one.get(f"/desk/questions/{group}")
    answer = await one.post(f"/desk/questions/{group}", fields)
    if answer.status_code == 303:
        await one.get(answer.headers["location"])
    return one.page


def group(office: Office, group_id: str) -> QuestionGroup:
    with office.database.reading() as session:
        return there(session.get(QuestionGroup, group_id))


async def test_what_many_ask_comes_first_and_nobody_is_named(
    browser: Opening, groups: dict[str, str]
) -> None:
    page = (await (await browser("curator")).get("/desk")).text
    assert page.index(BATH) < page.index(DYE)
    assert "<b>2</b>次" in page
    assert "2 个村" in page
    assert "等着写的 <b>2</b> 组" in page
    assert "这里看不到是谁问的" in page


async def test_the_page_of_a_group_shows_every_wording_and_what_was_answered(
    browser: Opening, groups: dict[str, str]
) -> None:
    page = (await (await browser("curator")).get(f"/desk/questions/{groups['bath']}")).text
    for words in (BATH, SOAK, "60多岁", "病人说没用、没听懂", "当时答的是", "这几句里没有要去掉的"):
        assert words in page
    assert f"/desk/articles/new?from_group={groups['bath']}" in page
    assert f"/desk/articles/dm.fruit/edit?from_group={groups['bath']}" in page


async def test_what_was_cut_out_is_said(office: Office, browser: Opening) -> None:
    with office.county() as county:
        made = county.question("我叫刘秀英，电话13800001111，高血压能染头发吗")
    page = (await (await browser("curator")).get(f"/desk/questions/{made}")).text
    assert "已去掉：姓名、称呼、电话、证件号" in page
    assert "刘秀英" not in page
    assert "13800001111" not in page


async def test_an_article_covers_a_group_and_this_is_counted_and_taken_back(
    office: Office, browser: Opening, groups: dict[str, str]
) -> None:
    one = await browser("curator")
    page = await act(one, groups["bath"], action="covered", article="dm.fruit")
    assert "记下了：这篇文章能答" in page
    assert "这个月补上了 <b>1</b> 组，能回答 2 次提问" in page
    assert BATH not in page
    assert BATH in (await one.get("/desk?state=covered")).text
    page = await act(one, groups["bath"], action="reopened")
    assert "已撤销" in page
    assert group(office, groups["bath"]).state == "waiting"


async def test_an_article_that_is_not_there_covers_nothing(
    office: Office, browser: Opening, groups: dict[str, str]
) -> None:
    one = await browser("curator")
    assert "请从单子里选一篇" in await act(one, groups["dye"], action="covered", article="x")
    assert group(office, groups["dye"]).state == "waiting"


async def test_what_is_not_ours_is_put_aside_with_a_reason(
    office: Office, browser: Opening, groups: dict[str, str]
) -> None:
    one = await browser("curator")
    assert "请选一个原因" in await act(one, groups["dye"], action="dismissed", why="")
    assert "随时可以撤销" in await act(one, groups["dye"], action="dismissed", why="off_topic")
    assert "跟健康没有关系" in (await one.get("/desk?state=dismissed")).text
    assert group(office, groups["dye"]).dismissed_as == "off_topic"


async def test_two_groups_are_put_together_and_taken_apart_again(
    browser: Opening, groups: dict[str, str]
) -> None:
    one = await browser("curator")
    page = await act(one, groups["dye"], action="merged", into=groups["bath"])
    assert "已并成一组" in page
    assert "问了 3 次" in page
    page = await act(one, groups["bath"], action="reopened", former=groups["dye"])
    assert "问了 2 次" in page
    assert DYE in (await one.get("/desk")).text
    assert "请选要并到哪一组" in await act(one, groups["dye"], action="merged", into="")


async def test_a_question_that_does_not_belong_gets_a_group_of_its_own(
    browser: Opening, groups: dict[str, str]
) -> None:
    one = await browser("curator")
    await one.get(f"/desk/questions/{groups['bath']}")
    chosen = re.findall(r'name="question" value="([^"]+)"', one.page)
    assert "至少留一句" in await act(one, groups["bath"], action="split", question="")
    page = await act(one, groups["bath"], action="split", question=chosen[0])
    assert "已拆成新的一组" in page
    assert "问了 1 次" in page


@pytest.mark.parametrize(
    ("asked", "shown", "hidden"),
    [
        ("q=温泉", BATH, DYE),
        ("reason=unknown&condition=hypertension&q=染", DYE, BATH),
        ("reason=unhelpful", BATH, DYE),
        ("state=x&page=0&reason=x&condition=x", DYE, "没有找到"),
        ("page=9999", DYE, "没有找到"),
    ],
)
async def test_the_queue_is_searched_and_narrowed(
    browser: Opening, groups: dict[str, str], asked: str, shown: str, hidden: str
) -> None:
    page = (await (await browser("curator")).get(f"/desk?{asked}")).text
    assert shown in page
    assert hidden not in page


async def test_an_empty_queue_says_what_will_come(browser: Opening) -> None:
    one = await browser("curator")
    assert "现在没有等着写的问题" in (await one.get("/desk")).text
    assert "这里还是空的" in (await one.get("/desk?state=covered")).text
    assert "没有找到这样的问题" in (await one.get("/desk?q=温泉")).text


async def test_many_groups_are_turned_over_page_by_page(office: Office, browser: Opening) -> None:
    with office.county() as county:
        for number in range(21):
            county.question(f"第{number}种草药能喝吗")
    one = await browser("curator")
    assert "第 1 页，共 2 页" in (await one.get("/desk")).text
    assert "第 2 页，共 2 页" in (await one.get("/desk?page=2")).text


async def test_who_still_asks_after_an_article_is_told(
    office: Office, browser: Opening, groups: dict[str, str]
) -> None:
    with office.county() as county:
        reader = county.readers["curator"]
        before = office.now - timedelta(days=8)
        question_groups.cover(county.session, reader, groups["dye"], "dm.fruit", before)
        county.question("血压高能不能染头", group_id=groups["dye"])
    one = await browser("curator")
    assert "写过文章，又问了 2 次" in (await one.get("/desk")).text
    assert "可能还没答到点上" in (await one.get(f"/desk/questions/{groups['dye']}")).text


@pytest.mark.parametrize("login", ["doctor_a", "town_doctor", "duty", "bureau", "operator"])
async def test_for_everybody_else_the_queue_does_not_exist(
    office: Office, browser: Opening, groups: dict[str, str], login: str
) -> None:
    one = await browser(login)
    for path in ("/desk", f"/desk/questions/{groups['dye']}"):
        answer = await one.get(path)
        assert answer.status_code == 404
        assert DYE not in answer.text
    await one.get("/account")
    assert 'href="/desk"' not in one.page
    fields = {"action": "covered", "article": "dm.fruit"}
    assert (await one.post(f"/desk/questions/{groups['dye']}", fields)).status_code == 404
    assert group(office, groups["dye"]).state == "waiting"


async def test_a_curator_of_another_county_sees_only_her_own(
    office: Office, browser: Opening, groups: dict[str, str]
) -> None:
    with office.county() as county:
        county.practitioner("far", "far_town", "curator", "远医生")
        county.question("没有村的人问的", place=None)
    one = await browser("far")
    page = (await one.get("/desk")).text
    assert DYE not in page
    assert "没有村的人问的" in page
    assert (await one.get(f"/desk/questions/{groups['dye']}")).status_code == 404


async def test_reading_and_deciding_stand_in_the_trail(
    office: Office, browser: Opening, groups: dict[str, str]
) -> None:
    one = await browser("curator")
    await act(one, groups["dye"], action="dismissed", why="unclear")
    with office.database.reading() as session:
        rows = session.exec(select(AuditEvent).where(AuditEvent.subject == "question")).all()
        assert {row.action for row in rows} == {"read", "question.dismissed"}
        assert not any(DYE in str(row.detail) for row in rows)
        assert session.exec(select(AskedQuestion.group_id)).first() is not None


async def test_an_unknown_deed_does_not_exist(browser: Opening, groups: dict[str, str]) -> None:
    one = await browser("curator")
    await one.get("/desk")
    await one.get(f"/desk/questions/{groups['dye']}")
    answer = await one.post(f"/desk/questions/{groups['dye']}", {"action": "burn"})
    assert answer.status_code == 404
