"""What became of a message, in the browser: every try, and what a phone call found out."""

from __future__ import annotations

import pytest
from sqlmodel import select

from channels import templates
from records.tables import AuditEvent, DeliveryAttempt, OutboundMessage
from tests.inbox.browser import Opening
from tests.inbox.office import Office


@pytest.fixture
def unsure(office: Office) -> tuple[str, str]:
    """A person and a message to her that may have arrived."""
    with office.county() as county:
        person, point = county.person("a", "王桂芳")
        return person, county.unsure(person, point, "明早空腹来量一次")


def state_of(office: Office, message_id: str) -> tuple[str, str | None]:
    with office.database.reading() as session:
        row = session.get_one(OutboundMessage, message_id)
        return row.state, row.reason


async def test_the_page_of_a_message_says_what_happened_and_what_to_do(
    browser: Opening, unsure: tuple[str, str], office: Office
) -> None:
    page = (await (await browser("doctor_a")).get(f"/messages/{unsure[1]}")).text
    for words in (
        "不知道收到没有（对方没有回话）",
        "请打电话问一声",
        "明早空腹来量一次",
        "tel:13800001111",
        "第 1 次",
        "微信公众号",
        "断了，不知道发出去没有",
        "问过了，收到了",
    ):
        assert words in page
    with office.database.reading() as session:
        seen = session.exec(select(AuditEvent.subject).where(AuditEvent.action == "read")).all()
    assert "message" in seen


@pytest.mark.parametrize(
    ("route", "template", "left"),
    [
        ("sms:template", "reply_waiting", None),
        (
            "wechat:template",
            "reply_waiting",
            "医生回复通知；医生给您回了话；回一个字，就能看到全文",
        ),
        ("sms:template", "an_older_one", ""),
        ("wechat:template", "an_older_one", ""),
    ],
)
async def test_where_a_template_went_its_words_are_shown_and_not_the_whole_ones(
    browser: Opening,
    unsure: tuple[str, str],
    office: Office,
    route: str,
    template: str,
    left: str | None,
) -> None:
    with office.database.transaction() as session:
        attempt = session.exec(select(DeliveryAttempt)).one()
        attempt.route, attempt.template = route, template
        session.add(attempt)
    page = (await (await browser("doctor_a")).get(f"/messages/{unsure[1]}")).text
    if left is None:
        left = templates.registry().filled(template, {}).text
    assert f'<q class="words">{left}</q>' in page or not left
    assert "全文没有发出去" in page
    assert '<q class="words">明早空腹来量一次</q>' not in page
    assert '<p class="unsaid">明早空腹来量一次</p>' in page


async def test_where_the_words_went_nothing_else_is_shown(
    browser: Opening, unsure: tuple[str, str]
) -> None:
    page = (await (await browser("doctor_a")).get(f"/messages/{unsure[1]}")).text
    assert '<q class="words">明早空腹来量一次</q>' in page
    assert "全文没有发出去" not in page
    assert "模板里的话" not in page


async def test_the_conversation_leads_to_it(browser: Opening, unsure: tuple[str, str]) -> None:
    page = (await (await browser("doctor_a")).get(f"/persons/{unsure[0]}")).text
    assert f'href="/messages/{unsure[1]}"' in page
    assert "打电话问一声" in page


async def test_the_tasks_list_it_until_somebody_asked(
    browser: Opening, unsure: tuple[str, str], office: Office
) -> None:
    one = await browser("doctor_a")
    page = (await one.get("/tasks")).text
    assert "不知道收到没有的消息（1）" in page
    assert "任务都做完了" not in page
    answer = await one.post(f"/messages/{unsure[1]}", {"outcome": "received", "back": "/tasks"})
    assert answer.headers["location"] == "/tasks?done=message_settled"
    assert state_of(office, unsure[1]) == ("delivered", "confirmed_by_phone")
    page = (await one.get("/tasks?done=message_settled")).text
    assert "不知道收到没有的消息" not in page
    assert "记下了" in page


async def test_what_was_said_once_stands(
    browser: Opening, unsure: tuple[str, str], office: Office
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/messages/{unsure[1]}")
    for outcome, flash in (("not_received", "message_settled"), ("received", "late_message")):
        answer = await one.post(f"/messages/{unsure[1]}", {"outcome": outcome})
        assert answer.headers["location"] == f"/messages/{unsure[1]}?done={flash}"
    assert state_of(office, unsure[1]) == ("never", "denied_by_phone")
    page = (await one.get(f"/messages/{unsure[1]}?done=late_message")).text
    assert "已经有结果了" in page
    assert "电话里说没收到" in page
    assert "点了就不能改" not in page


async def test_an_outcome_nobody_knows_is_not_there(
    browser: Opening, unsure: tuple[str, str], office: Office
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/messages/{unsure[1]}")
    assert (await one.post(f"/messages/{unsure[1]}", {"outcome": "x"})).status_code == 404
    assert state_of(office, unsure[1])[0] == "unknown"
