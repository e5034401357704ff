"""Subscription messages on the simulated platform: who said yes gets them, and nobody else."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from simulator.log import Kind
from simulator.patient import PatientSide
from simulator.platform import Platform
from simulator.settings import SimulatorSettings, TemplateSpec

LESSON = {"thing1": {"value": "本周小课"}}


@pytest.fixture
def settings(settings: SimulatorSettings) -> SimulatorSettings:
    spec = TemplateSpec("tpl-lesson", "健康课堂", {"thing1": "内容"}, kind="one_time")
    lasting = TemplateSpec("tpl-care", "随访通知", {"thing1": "内容"}, kind="long_term")
    return replace(settings, templates=(*settings.templates, spec, lasting))


async def send(web: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    token = await web.post(
        "/cgi-bin/stable_token",
        json={
            "grant_type": "client_credential",
            "appid": "wx5823bf96d3bd56c7",
            "secret": "not-a-secret",
        },
    )
    request = {"touser": "o-wang", "template_id": "tpl-lesson", "data": LESSON, **changes}
    path = changes.pop("path", "message/subscribe/bizsend")
    response = await web.post(
        f"/cgi-bin/{path}", params={"access_token": token.json()["access_token"]}, json=request
    )
    answer: dict[str, Any] = response.json()
    return answer


async def code(web: httpx.AsyncClient, **changes: Any) -> int:
    return int((await send(web, **changes))["errcode"])


async def test_without_a_yes_nothing_goes(web: httpx.AsyncClient, platform: Platform) -> None:
    assert await code(web) == 43101
    assert platform.log.texts_seen("o-wang") == []


async def test_each_yes_is_one_message(web: httpx.AsyncClient, patients: PatientSide) -> None:
    await patients.answer("o-wang", {"tpl-lesson": "accept"})
    await patients.answer("o-wang", {"tpl-lesson": "accept"})
    assert [await code(web) for _ in range(3)] == [0, 0, 43101]


async def test_a_long_term_yes_holds_until_switched_off(
    web: httpx.AsyncClient, patients: PatientSide
) -> None:
    await patients.answer("o-wang", {"tpl-care": "accept"})
    assert [await code(web, template_id="tpl-care") for _ in range(3)] == [0, 0, 0]
    await patients.switch_off("o-wang", "tpl-care")
    assert await code(web, template_id="tpl-care") == 43101
    await patients.answer("o-wang", {"tpl-care": "accept"})
    await patients.answer("o-wang", {"tpl-care": "reject"})
    assert await code(web, template_id="tpl-care") == 43101


async def test_a_refused_value_costs_no_yes(web: httpx.AsyncClient, patients: PatientSide) -> None:
    await patients.answer("o-wang", {"tpl-lesson": "accept"})
    assert await code(web, data={"thing1": {"value": "长" * 21}}) == 47003
    assert await code(web) == 0


async def test_each_way_knows_its_own_templates_only(
    web: httpx.AsyncClient, patients: PatientSide
) -> None:
    await patients.answer("o-wang", {"tpl-lesson": "accept"})
    assert await code(web, template_id="tpl-due") == 40037
    assert await code(web, path="message/template/send") == 40037
    assert await code(web, touser="o-nobody") == 40003


async def test_the_events_are_written_as_the_platform_writes_them(
    web: httpx.AsyncClient, patients: PatientSide, platform: Platform, callback: Any
) -> None:
    await patients.answer("o-wang", {"tpl-lesson": "accept", "tpl-care": "reject"})
    assert callback.received[-1]["Event"] == "subscribe_msg_popup_event"
    assert callback.received[-1]["SubscribeMsgPopupEvent"] == "tpl-lessonaccept1tpl-carereject1"
    assert (await send(web)).keys() == {"errcode", "errmsg"}
    await platform.settle()
    assert callback.received[-1]["Event"] == "subscribe_msg_sent_event"
    assert callback.received[-1]["SubscribeMsgSentEvent"].endswith("0success")
    await patients.switch_off("o-wang", "tpl-lesson")
    assert callback.received[-1]["SubscribeMsgChangeEvent"] == "tpl-lessonreject"


async def test_an_id_is_told_where_the_account_is_given_one(
    build: Any, settings: SimulatorSettings
) -> None:
    app: Starlette = build(replace(settings, tells_msgid=True))
    await app.state.patients.answer("o-wang", {"tpl-lesson": "accept"})
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://simulator"
    ) as web:
        assert isinstance((await send(web))["msgid"], int)


async def test_the_daily_quota_is_the_platforms_last_word(
    build: Any, settings: SimulatorSettings
) -> None:
    app: Starlette = build(replace(settings, daily_quotas={"message/subscribe/bizsend": 1}))
    await app.state.patients.answer("o-wang", {"tpl-care": "accept"})
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://simulator"
    ) as web:
        assert [await code(web, template_id="tpl-care") for _ in range(2)] == [0, 45009]


async def test_a_newcomer_answers_on_the_phone(web: httpx.AsyncClient, platform: Platform) -> None:
    page = await web.get("/phone/o-wang")
    assert "健康课堂" in page.text
    for answer, left in (("accept", 1), ("reject", 1), ("off", 0)):
        form = {"template": "tpl-lesson", "answer": answer}
        assert (await web.post("/phone/o-wang/agree", data=form)).status_code == 303
        assert platform.consents.of("o-wang", "tpl-lesson").left == left
    await platform.settle()
    said = [entry.text for entry in platform.log.entries("o-wang", Kind.INBOUND)]
    assert said == ["您同意接收“健康课堂”", "您不接收“健康课堂”", "您在设置里拒收了“健康课堂”"]
    shown = await web.get("/phone/o-wang/messages")
    assert "您同意接收“健康课堂”" in shown.text


@pytest.mark.parametrize(
    ("template", "answer"), [("tpl-lesson", "perhaps"), ("tpl-due", "accept"), ("x", "off")]
)
async def test_an_answer_nobody_asked_for_is_a_problem_on_the_page(
    web: httpx.AsyncClient, template: str, answer: str
) -> None:
    form = {"template": template, "answer": answer}
    response = await web.post("/phone/o-wang/agree", data=form)
    assert "problem=" in response.headers["location"]
