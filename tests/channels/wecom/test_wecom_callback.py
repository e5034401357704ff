"""A member answers from WeCom: only who is bound does anything, and reads at once what it did."""

from __future__ import annotations

import re

import httpx
import pytest
from sqlmodel import select

from channels import answering
from records import practitioners
from records.escalations import code_of
from records.tables import AuditEvent, Escalation
from tests.channels.wecom.corp import AGENT, CORP, LI, ZHOU, Corp


def case(corp: Corp, case_id: str) -> Escalation:
    with corp.db.reading() as session:
        return session.get_one(Escalation, case_id)


async def test_the_address_is_verified_by_an_echo_that_comes_sealed(corp: Corp) -> None:
    assert await corp.wecom.verify()


@pytest.mark.parametrize("words", ["1", "收到", "认领", " 收到。"])
async def test_a_bound_member_takes_the_last_alarm(corp: Corp, words: str) -> None:
    corp.a_doctor()
    first = corp.rung()
    corp.clock.move(minutes=1)
    last = corp.rung()
    said = await corp.wecom.say("lijianguo", words)
    assert said.startswith(f"编号{code_of(last)}由您处理，不再往上转。")
    assert f"还没处理完的编号：{code_of(first)}。" in said
    assert (case(corp, last).state, case(corp, first).state) == ("acknowledged", "open")
    assert case(corp, last).acknowledged_by == corp.doctor
    with corp.db.reading() as session:
        actors = [
            one.actor
            for one in session.exec(select(AuditEvent)).all()
            if one.action == "acknowledge"
        ]
    assert actors == [f"practitioner:{corp.doctor}"]


async def test_a_tap_on_the_menu_is_read_as_its_words(corp: Corp) -> None:
    corp.a_doctor()
    rung = corp.rung()
    assert "由您处理" in await corp.wecom.click(LI, "收到")
    assert case(corp, rung).state == "acknowledged"


async def test_an_outcome_with_the_code_closes_that_case(corp: Corp) -> None:
    corp.a_doctor()
    first = corp.rung()
    corp.clock.move(minutes=1)
    last = corp.rung()
    said = await corp.wecom.say(LI, f"转诊 {code_of(first)}")
    assert said.startswith(f"编号{code_of(first)}已结案：已转诊。")
    assert (case(corp, first).outcome, case(corp, last).state) == ("referred", "open")
    assert "没有找到编号0000" in await corp.wecom.say(LI, "收到 0000")


async def test_a_message_that_comes_again_is_answered_the_same_and_does_nothing(corp: Corp) -> None:
    corp.a_doctor()
    first = corp.rung()
    said = await corp.wecom.say(LI, "误报", msg_id=7)
    corp.clock.move(seconds=5)
    later = corp.rung()
    assert await corp.wecom.say(LI, "误报", msg_id=7) == said
    assert (case(corp, first).outcome, case(corp, later).state) == ("false_reading", "open")


async def test_a_tap_that_comes_again_does_nothing(corp: Corp) -> None:
    corp.a_doctor()
    first = corp.rung()
    tap: dict[str, str | int] = {
        "ToUserName": CORP,
        "FromUserName": LI,
        "AgentID": AGENT,
        "CreateTime": 1_790_000_000,
        "MsgType": "event",
        "Event": "click",
        "EventKey": "收到",
    }
    said = await corp.wecom.call_back(tap)
    corp.clock.move(seconds=5)
    later = corp.rung()
    assert await corp.wecom.call_back(tap) == said
    assert (case(corp, first).state, case(corp, later).state) == ("acknowledged", "open")
    assert "由您处理" in await corp.wecom.call_back({**tap, "CreateTime": 1_790_000_009})
    assert case(corp, later).state == "acknowledged"


async def test_the_same_words_said_twice_never_touch_another_alarm(corp: Corp) -> None:
    corp.a_doctor()
    first = corp.rung()
    corp.clock.move(minutes=1)
    last = corp.rung()
    said = await corp.wecom.say(LI, "误报")
    assert said.startswith(f"编号{code_of(last)}已结案：误报。")
    assert await corp.wecom.say(LI, "误报") == said
    assert "请带上编号" in await corp.wecom.say(LI, "已联系")
    assert (case(corp, last).outcome, case(corp, first).state) == ("false_reading", "open")


async def test_words_nobody_understands_change_nothing(corp: Corp) -> None:
    corp.a_doctor()
    rung = corp.rung()
    assert "没看懂" in await corp.wecom.say(LI, "今天吃什么")
    assert case(corp, rung).state == "open"


async def test_without_an_alarm_there_is_nothing_to_take(corp: Corp) -> None:
    corp.a_doctor()
    assert await corp.wecom.say(LI, "收到") == "现在没有要您处理的。"
    rung = corp.rung()
    corp.clock.move(hours=25)
    assert await corp.wecom.say(LI, "收到") == "现在没有要您处理的。"
    assert case(corp, rung).state == "open"


async def test_a_member_who_is_not_bound_does_nothing_and_reads_how_to_bind(corp: Corp) -> None:
    corp.a_doctor()
    rung = corp.rung()
    assert "还没有绑定账号" in await corp.wecom.say(ZHOU, "收到")
    assert case(corp, rung).state == "open"


async def test_a_closed_account_does_nothing(corp: Corp) -> None:
    corp.a_doctor()
    rung = corp.rung()
    with corp.db.transaction() as session:
        practitioners.disable(session, corp.doctor, corp.clock.now)
    assert "还没有绑定账号" in await corp.wecom.say(LI, "收到")
    assert case(corp, rung).state == "open"


@pytest.mark.parametrize(
    "fields",
    [
        {"MsgType": "event", "Event": "enter_agent", "EventKey": ""},
        {"MsgType": "image", "PicUrl": "http://x", "MediaId": "m"},
        {"MsgType": "text", "Content": "  "},
        {"MsgType": "event", "Event": "click"},
        {"Odd": "1"},
    ],
)
async def test_what_asks_for_nothing_gets_no_answer(
    corp: Corp, fields: dict[str, str | int]
) -> None:
    corp.a_doctor()
    rung = corp.rung()
    said = await corp.wecom.call_back(
        {"ToUserName": CORP, "FromUserName": LI, "AgentID": AGENT, **fields}
    )
    assert said == ""
    assert case(corp, rung).state == "open"


async def test_a_forged_or_broken_callback_is_refused_in_plain_words(corp: Corp) -> None:
    sealed = corp.wecom.codec.encrypt("<xml><MsgType>text</MsgType></xml>")
    good = corp.wecom._signed(sealed)
    other = corp.wecom.codec.encrypt("not xml at all")
    body = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
    agent = f"<xml><AgentID>7</AgentID><Encrypt>{sealed}</Encrypt></xml>"
    tries = [
        ({**good, "msg_signature": "0" * 40}, body, 403),
        ({}, body, 403),
        (good, "no xml", 400),
        (good, "<xml><ToUserName>x</ToUserName></xml>", 400),
        (good, "<!DOCTYPE x [<!ENTITY a 'b'>]><xml><Encrypt>&a;</Encrypt></xml>", 400),
        (good, agent, 400),
        (corp.wecom._signed("AAAA"), "<xml><Encrypt>AAAA</Encrypt></xml>", 400),
        (corp.wecom._signed(other), f"<xml><Encrypt>{other}</Encrypt></xml>", 400),
        (good, "x" * 70_000, 413),
    ]
    async with httpx.AsyncClient(trust_env=False) as http:
        got = [
            (await http.post(corp.callback_url, params=query, content=sent)).status_code
            for query, sent, _ in tries
        ]
        assert (await http.get(corp.callback_url)).status_code == 403
    assert got == [expected for _, _, expected in tries]


async def test_what_did_not_commit_is_asked_for_again(
    corp: Corp, monkeypatch: pytest.MonkeyPatch
) -> None:
    corp.a_doctor()
    rung = corp.rung()

    def fails(*_: object) -> str:
        raise OSError("disk")

    monkeypatch.setattr(answering, "to_latest", fails)
    with pytest.raises(httpx.HTTPStatusError, match=re.escape("503")):
        await corp.wecom.say(LI, "收到")
    monkeypatch.undo()
    assert "由您处理" in await corp.wecom.say(LI, "收到")
    assert case(corp, rung).state == "acknowledged"
