"""Doctors answer a notice without signing in: by words with a code, or by one tap on a link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from channels.answering import understood
from records import bells, outbound
from records.escalations import code_of
from records.tables import AuditEvent, Escalation, FollowUp, OutboundMessage, Practitioner
from tests.inbox.browser import Opening
from tests.inbox.county import there
from tests.inbox.office import Office


class Bell:
    """Rings a doctor of the office, and answers as that doctor's phone would."""

    def __init__(self, office: Office, client: httpx.AsyncClient) -> None:
        self.office, self.client = office, client

    def ring(self, case: str, login: str = "doctor_a") -> str:
        """The notice's token."""
        with self.office.county() as county:
            draft = outbound.Draft(
                purpose=outbound.NOTICE,
                text_key="notice.emergency",
                body="请看",
                send_key=f"ring:{case}:{login}",
                practitioner_id=county.readers[login].practitioner_id,
                escalation_id=case,
                expires_at=self.office.now + timedelta(hours=12),
            )
            queued = outbound.queue(county.session, county.vault, draft, self.office.now)
            return bells.token_of(county.vault, there(queued).id)

    async def says(self, token: str, text: str) -> str:
        answer = await self.client.post("/notices/replies", json={"token": token, "text": text})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["text"])

    def case(self, case: str) -> Escalation:
        with self.office.database.reading() as session:
            return session.get_one(Escalation, case)


@pytest.fixture
async def bell(office: Office, browser: Opening) -> Bell:
    return Bell(office, (await browser()).client)


@pytest.fixture
def case(office: Office) -> str:
    with office.county() as county:
        return county.alarm(*county.person("a"))


async def test_received_takes_the_alarm(office: Office, bell: Bell, case: str) -> None:
    said = await bell.says(bell.ring(case), "收到")
    assert code_of(case) in said
    assert "不再往上转" in said
    row = bell.case(case)
    assert (row.state, row.next_escalation_at) == ("acknowledged", None)
    assert row.acknowledged_by == office.built.readers["doctor_a"].practitioner_id
    with office.database.reading() as session:
        (noted,) = session.exec(select(AuditEvent)).all()
    assert (noted.action, noted.actor) == ("acknowledge", office.built.readers["doctor_a"].actor)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("已联系", "reached"),
        ("转诊", "referred"),
        ("120", "called_120"),
        ("打不通", "unreachable"),
        ("误报", "false_reading"),
    ],
)
async def test_an_outcome_with_the_code_closes_the_case(
    bell: Bell, case: str, words: str, outcome: str
) -> None:
    said = await bell.says(bell.ring(case), f"{words} {code_of(case)}")
    assert "已结案" in said
    row = bell.case(case)
    assert (row.state, row.outcome) == ("closed", outcome)


async def test_a_referral_by_phone_makes_its_own_check_in_two_weeks(
    office: Office, bell: Bell, case: str
) -> None:
    await bell.says(bell.ring(case), f"已转诊{code_of(case)}")
    with office.database.reading() as session:
        planned = session.exec(select(FollowUp)).one()
    assert planned.reason == "referral_check"
    assert (planned.due_on - office.now.date()).days == 14


async def test_without_a_code_the_answer_is_about_its_own_notice(
    office: Office, bell: Bell, case: str
) -> None:
    with office.county() as county:
        other = county.alarm(*county.person("a", "李二"))
    token = bell.ring(case)
    bell.ring(other)
    said = await bell.says(token, "收到")
    assert bell.case(case).state == "acknowledged"
    assert bell.case(other).state == "open"
    assert f"还没处理完的编号：{code_of(other)}" in said


async def test_a_code_names_another_alarm_of_the_same_doctor(
    office: Office, bell: Bell, case: str
) -> None:
    with office.county() as county:
        other = county.alarm(*county.person("a", "李二"))
    token = bell.ring(case)
    bell.ring(other)
    await bell.says(token, f"收到{code_of(other)}")
    assert (bell.case(case).state, bell.case(other).state) == ("open", "acknowledged")


async def test_when_its_own_alarm_is_closed_several_others_are_asked_apart(
    office: Office, bell: Bell, case: str
) -> None:
    token = bell.ring(case)
    await bell.says(token, f"误报{code_of(case)}")
    with office.county() as county:
        others = [county.alarm(*county.person("a", name)) for name in ("李二", "李三")]
    for other in others:
        bell.ring(other)
    assert "请带上编号" in await bell.says(token, "收到")
    assert {bell.case(other).state for other in others} == {"open"}


@pytest.mark.parametrize("words", ["误报", "收到"])
async def test_an_answer_that_comes_twice_never_touches_another_patients_alarm(
    office: Office, bell: Bell, case: str, words: str
) -> None:
    with office.county() as county:
        other = county.alarm(*county.person("a", "李二"))
    token = bell.ring(case)
    bell.ring(other)
    said = await bell.says(token, words)
    assert await bell.says(token, words) == said
    await bell.says(token, "误报")
    await bell.says(token, "误报")
    assert "请带上编号" in await bell.says(token, "已联系")
    assert bell.case(case).outcome == "false_reading"
    assert (bell.case(other).state, bell.case(other).outcome) == ("open", None)


async def test_an_outcome_for_what_a_colleague_closed_names_the_colleague(
    office: Office, bell: Bell, browser: Opening, case: str
) -> None:
    with office.county() as county:
        other = county.alarm(*county.person("a", "李二"))
    token = bell.ring(case)
    bell.ring(other)
    town = await browser("town_doctor")
    await town.get(f"/cases/{case}")
    await town.post(f"/cases/{case}/close", {"outcome": "reached"})
    said = await bell.says(token, "误报")
    assert "已经由张伟处理" in said
    assert code_of(other) in said
    assert bell.case(other).state == "open"


async def test_somebody_who_was_faster_is_named(
    office: Office, bell: Bell, browser: Opening, case: str
) -> None:
    token = bell.ring(case)
    town = await browser("town_doctor")
    await town.get(f"/cases/{case}")
    await town.post(f"/cases/{case}/acknowledge")
    assert "已经由张伟处理" in await bell.says(token, "收到")


async def test_words_we_do_not_know_get_help_and_change_nothing(bell: Bell, case: str) -> None:
    said = await bell.says(bell.ring(case), "啥意思")
    assert "没看懂" in said
    assert code_of(case) in said
    assert bell.case(case).state == "open"


async def test_a_wrong_code_changes_nothing(bell: Bell, case: str) -> None:
    wrong = f"{(int(code_of(case)) + 1) % 10_000:04d}"
    assert f"没有找到编号{wrong}" in await bell.says(bell.ring(case), f"收到{wrong}")
    assert bell.case(case).state == "open"


async def test_an_answer_with_nothing_open_says_so(bell: Bell, case: str) -> None:
    token = bell.ring(case)
    await bell.says(token, "已联系")
    assert "没有要您处理的" in await bell.says(token, "收到")


async def test_a_token_is_for_its_doctor_for_a_day(office: Office, bell: Bell, case: str) -> None:
    token = bell.ring(case)
    row, _, digest = token.partition(".")
    for forged in (f"{row}.{'0' * len(digest)}", row, "", f"x{token}"):
        body = {"token": forged, "text": "收到"}
        assert (await bell.client.post("/notices/replies", json=body)).status_code == 404
    office.now += bells.TOKEN_LIVES
    body = {"token": token, "text": "收到"}
    assert (await bell.client.post("/notices/replies", json=body)).status_code == 404
    assert bell.case(case).state == "open"


async def test_a_closed_account_answers_nothing(office: Office, bell: Bell, case: str) -> None:
    token = bell.ring(case)
    with office.database.transaction() as session:
        who = office.built.readers["doctor_a"].practitioner_id
        row = session.get_one(Practitioner, who)
        row.disabled_at = office.now
        session.add(row)
    assert "账号已停用" in await bell.says(token, "收到")
    assert bell.case(case).state == "open"


async def test_a_doctor_rung_for_what_is_no_longer_theirs_takes_nothing(
    bell: Bell, case: str
) -> None:
    assert "没有找到编号" in await bell.says(bell.ring(case, "doctor_b"), "收到")
    assert bell.case(case).state == "open"


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"not json", 400), (b'{"token": "x"}', 400), (b"[1]", 400), (b" " * 5000, 413)],
)
async def test_only_small_json_is_read(bell: Bell, content: bytes, status: int) -> None:
    assert (await bell.client.post("/notices/replies", content=content)).status_code == status


async def test_the_link_shows_a_button_and_only_the_button_takes_it(
    office: Office, bell: Bell, case: str
) -> None:
    token = bell.ring(case)
    page = await bell.client.get(f"/notices/{token}")
    assert "收到，我来处理" in page.text
    assert "王桂芳" not in page.text
    assert bell.case(case).state == "open"
    answer = await bell.client.post(f"/notices/{token}")
    assert answer.headers["location"] == f"/notices/{token}?done=acknowledged"
    assert bell.case(case).state == "acknowledged"
    after = (await bell.client.get(answer.headers["location"])).text
    assert "已由您处理" in after
    assert "收到，我来处理" not in after


async def test_a_link_that_is_wrong_or_from_elsewhere_does_nothing(bell: Bell, case: str) -> None:
    token = bell.ring(case)
    for method in ("GET", "POST"):
        assert (await bell.client.request(method, f"/notices/{token}0")).status_code == 404
    elsewhere: dict[str, Any] = {"Origin": "https://elsewhere.test"}
    assert (await bell.client.post(f"/notices/{token}", headers=elsewhere)).status_code == 403
    assert bell.case(case).state == "open"


async def test_a_notice_about_no_alarm_leads_to_the_inbox(office: Office, bell: Bell) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        case = county.alarm(person, None)
    token = bell.ring(case)
    with office.database.transaction() as session:
        notice = session.exec(select(OutboundMessage)).one()
        notice.escalation_id = None
        session.add(notice)
    assert "请打开工作台查看" in (await bell.client.get(f"/notices/{token}")).text


@pytest.mark.parametrize(
    ("text", "action", "code"),
    [
        ("收到", "acknowledge", None),
        ("收到1234", "acknowledge", "1234"),
        ("1234 收到。", "acknowledge", "1234"),
        ("1", "acknowledge", None),
        ("120 0042", "called_120", "0042"),
        ("已打120，编号0042", "called_120", "0042"),
        ("打不通 13800001111", None, None),
        ("收到了吗", None, None),
        ("收到？", None, None),
        ("【收到】１２３４", "acknowledge", "1234"),
        ("１２０。", "called_120", None),
        ("12.0", None, None),
        ("👌收到了！", "acknowledge", None),
    ],
)
def test_replies_are_understood(text: str, action: str | None, code: str | None) -> None:
    assert understood(text) == (action, code)


async def test_the_page_of_a_notice_leads_to_the_case_behind_the_door(
    bell: Bell, case: str
) -> None:
    page = (await bell.client.get(f"/notices/{bell.ring(case)}")).text
    assert f'href="/cases/{case}"' in page
    answer = await bell.client.get(f"/cases/{case}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?back=/cases/{case}")
