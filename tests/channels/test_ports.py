"""The small channels: the console of `suifang say`, and notices to practitioners."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest
import structlog

from channels.console import ConsoleChannel
from channels.notice import NoticeChannel
from channels.port import Letter, Result, SendOutcome
from tests.channels.world import World

LETTER = Letter("row-1", "practitioner-1", "编号4821,请打开工作台", "k")


async def test_the_console_always_accepts(now: datetime) -> None:
    lines: list[str] = []
    console = ConsoleChannel(lines.append)
    assert await console.send_text(LETTER, now) == SendOutcome(Result.ACCEPTED)
    assert await console.send_template(LETTER, now) == SendOutcome(Result.ACCEPTED)
    assert lines == [LETTER.body] * 2
    assert not console.has_template("followup_due")


async def test_a_notice_is_logged_without_its_words(now: datetime) -> None:
    with structlog.testing.capture_logs() as logs:
        outcome = await NoticeChannel().send_text(LETTER, now)
    assert outcome.result is Result.ACCEPTED
    (entry,) = logs
    assert entry["practitioner_id"] == "practitioner-1"
    assert "4821" not in str(entry)


async def test_a_notice_lights_up_on_the_doctors_phone(world: World) -> None:
    channel = NoticeChannel(world.client.http, "/notices")
    outcome = await channel.send_template(LETTER, world.clock.now)
    assert outcome == SendOutcome(Result.ACCEPTED, "200")
    (seen,) = world.platform.log.entries("practitioner-1")
    assert seen.text == LETTER.body
    assert not channel.has_template("followup_due")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (204, Result.ACCEPTED),
        (500, Result.RETRY),
        (429, Result.RETRY),
        (404, Result.OPERATOR),
        (302, Result.OPERATOR),
    ],
)
async def test_the_webhooks_answer_has_a_name(now: datetime, status: int, expected: Result) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    async with httpx.AsyncClient(transport=transport) as http:
        outcome = await NoticeChannel(http, "http://hook/").send_text(LETTER, now)
    assert outcome.result is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("no"), Result.RETRY),
        (httpx.ReadTimeout("slow"), Result.UNKNOWN),
    ],
)
async def test_a_webhook_that_fails_has_a_name(
    now: datetime, error: httpx.HTTPError, expected: Result
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    async with httpx.AsyncClient(transport=httpx.MockTransport(fail)) as http:
        outcome = await NoticeChannel(http, "http://hook/").send_text(LETTER, now)
    assert outcome.result is expected
