from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse

from simulator.settings import SimulatorSettings
from simulator.traffic import Line, TrafficReport, send_many

DOWN = PlainTextResponse("no", status_code=503)


@pytest.fixture
async def line(serve: Any, callback_app: Starlette, settings: SimulatorSettings) -> Line:
    return Line(
        callback_url=await serve(callback_app) + "/wechat",
        app_id=settings.app_id,
        token=settings.token,
        encoding_aes_key=settings.encoding_aes_key,
    )


async def test_every_message_is_sent_at_the_asked_rate_and_timed(line: Line, callback: Any) -> None:
    messages = [(f"o-{n % 5}", f"血压 {100 + n}/80") for n in range(20)]
    callback.answer("收到")
    report = await send_many(messages, line, rate=200)
    assert sorted(m["Content"] for m in callback.received) == sorted(t for _, t in messages)
    assert [ack.text for ack in report.acks] == [text for _, text in messages]
    assert report.unacknowledged == []
    assert report.repeated == 0
    assert 0.09 < report.seconds < 2
    assert 0 < report.percentile_ms(50) <= report.percentile_ms(99) < 1000
    assert [ack.reply for ack in report.acks if ack.reply] == ["收到"]


async def test_what_is_not_acknowledged_is_repeated_with_the_same_msgid(
    line: Line, callback: Any
) -> None:
    callback.answer(DOWN, DOWN, "收到")
    report = await send_many([("o-1", "血压 165/98")], line, rate=10, retry_pause=0)
    (ack,) = report.acks
    assert (ack.attempts, ack.acknowledged) == (3, True)
    assert {m["MsgId"] for m in callback.received} == {ack.msg_id}
    assert report.repeated == 2


async def test_three_attempts_are_all_unless_told_to_go_on(line: Line, callback: Any) -> None:
    callback.answer(*[DOWN] * 3)
    report = await send_many([("o-1", "一")], line, rate=10, retry_pause=0)
    assert [ack.text for ack in report.unacknowledged] == ["一"]
    callback.answer(*[DOWN] * 7)
    report = await send_many([("o-1", "二")], line, rate=10, retry_pause=0, attempts=None)
    assert report.acks[0].attempts == 8


async def test_a_person_s_next_message_waits_for_the_one_before(line: Line, callback: Any) -> None:
    callback.answer(DOWN)
    texts = ["血压", "165", "98"]
    await send_many([("o-1", text) for text in texts], line, rate=500, retry_pause=0.05)
    assert [m["Content"] for m in callback.received] == ["血压", *texts]


async def test_the_ledger_of_a_judge_is_told_before_each_message(line: Line, callback: Any) -> None:
    ledger: list[tuple[str, str, str]] = []
    report = await send_many(
        [("o-1", "一"), ("o-2", "二")],
        line,
        rate=500,
        before_send=lambda *entry: ledger.append(entry),
    )
    assert ledger == [(ack.openid, ack.text, ack.msg_id) for ack in report.acks]


async def test_a_dead_server_acknowledges_nothing(settings: SimulatorSettings) -> None:
    line = Line(
        "http://127.0.0.1:9/wechat", settings.app_id, settings.token, settings.encoding_aes_key
    )
    report = await send_many([("o-1", "一")], line, rate=10, retry_pause=0)
    assert (report.acks[0].status, report.acks[0].attempts) == (0, 3)
    assert report.percentile_ms(99) != report.percentile_ms(99)  # not a number


def test_percentiles_of_nothing_are_not_a_number() -> None:
    assert str(TrafficReport((), 0.0).percentile_ms(50)) == "nan"
