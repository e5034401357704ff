"""Kannel's wire without Kannel: what is asked, what answers mean, what its calls to us say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from channels.port import Channel, Letter, Paced, Result, SendOutcome
from channels.sms.inlet import Inlet, PushError, PushRequest
from channels.sms.kannel import (
    ANSWERS,
    LONGEST_PARTS,
    REPORTS,
    KannelGateway,
    KannelInlet,
    whole_at_seams,
)
from records.outbound import Receipt
from texts.segments import JOINED, SINGLE, sms_segments, sms_units

PHONE = "+8613800001111"
PUSH_URL = "http://127.0.0.1:8000/sms/kannel/hidden-token"
SAMPLE = Path(__file__).parents[3] / "deploy" / "kannel" / "kannel.conf"

Answer = Callable[[httpx.Request], httpx.Response]


def _gateway(answer: Answer) -> KannelGateway:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return KannelGateway(
        http, "http://gateway", "suifang", "hidden-password", PUSH_URL, "1069001", "carrier"
    )


def _letter(body: str = "请按时量血压。", **changes: object) -> Letter:
    values: dict[str, object] = {"message_id": "m1", "address": PHONE, "send_key": "k1"}
    return Letter(**{**values, "body": body, "attempt_id": "a1", **changes})  # type: ignore[arg-type]


async def _sent(
    now: datetime, letter: Letter, status: int = 202, said: str = "0: Accepted for delivery"
) -> tuple[SendOutcome, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, text=said)

    return await _gateway(answer).send_text(letter, now), asked


def _push(query: str, now: datetime) -> tuple[list[str], tuple[Receipt, ...]]:
    url = f"{PUSH_URL}?{query}"
    pushed = KannelInlet().read(PushRequest("GET", url), now)
    return [arrival.text for arrival in pushed.arrivals], pushed.receipts


def test_it_is_a_channel_of_free_words_at_its_own_pace() -> None:
    gateway = _gateway(lambda _: httpx.Response(500))
    channel: Channel = gateway
    inlet: Inlet = KannelInlet()
    assert (channel.name, channel.windowed, channel.free_text) == ("sms", False, True)
    assert channel.provider == inlet.provider == "kannel:main"
    assert not channel.has_template("followup_due")
    assert isinstance(gateway, Paced)


async def test_nothing_of_the_message_stands_in_the_address(now: datetime) -> None:
    outcome, [request] = await _sent(now, _letter())
    assert outcome == SendOutcome(Result.ACCEPTED, "202/0", provider_id="a1")
    assert str(request.url) == "http://gateway/cgi-bin/sendsms"
    assert request.content.decode() == "请按时量血压。"
    heads = {name: value for name, value in request.headers.items() if name.startswith("x-kannel")}
    assert heads == {
        "x-kannel-username": "suifang",
        "x-kannel-password": "hidden-password",
        "x-kannel-to": PHONE,
        "x-kannel-from": "1069001",
        "x-kannel-smsc": "carrier",
        "x-kannel-coding": "2",
        "x-kannel-dlr-mask": "19",
        "x-kannel-dlr-url": f"{PUSH_URL}?attempt=a1&status=%d&answer=%A&at=%T",
    }


async def test_a_carrier_that_is_down_is_told_and_kannel_keeps_the_words(now: datetime) -> None:
    with capture_logs() as logs:
        outcome, _ = await _sent(now, _letter(), 202, "3: Queued for later delivery")
    assert outcome == SendOutcome(Result.ACCEPTED, "202/3", "carrier_is_down", "a1")
    assert [line["event"] for line in logs] == ["kannel.carrier_is_down"]


async def test_a_template_travels_as_its_words(now: datetime) -> None:
    gateway = _gateway(lambda _: httpx.Response(202, text="0: Accepted for delivery"))
    outcome = await gateway.send_template(_letter(template={"name": "followup_due"}), now)
    assert outcome.result is Result.ACCEPTED


async def test_kannel_keeps_it_no_longer_than_the_words_hold(now: datetime) -> None:
    for left, minutes in ((timedelta(hours=2, seconds=59), "120"), (timedelta(seconds=5), "1")):
        _, [request] = await _sent(now, _letter(expires_at=now + left))
        assert request.headers["x-kannel-validity"] == minutes


async def test_without_a_name_of_the_try_it_gets_one(now: datetime) -> None:
    outcome, [request] = await _sent(now, _letter(attempt_id=""))
    assert outcome.provider_id
    assert f"?attempt={outcome.provider_id}&" in request.headers["x-kannel-dlr-url"]


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        (_letter(address="400-820-0000"), "not_a_phone_number"),
        (_letter(" \n\x00"), "empty_text"),
        (_letter("压" * (LONGEST_PARTS * JOINED + 1)), "too_long"),
    ],
)
async def test_what_cannot_be_sent_is_not_tried(now: datetime, letter: Letter, reason: str) -> None:
    outcome, asked = await _sent(now, letter)
    assert (outcome.result, outcome.reason, asked) == (Result.NEVER, reason, [])


@pytest.mark.parametrize(("words", "row"), ANSWERS.items())
async def test_every_answer_has_a_result(
    now: datetime, words: str, row: tuple[Result, str]
) -> None:
    outcome, _ = await _sent(now, _letter(), 403, f"{words} and more.")
    assert (outcome.result, outcome.reason) == row
    assert (outcome.provider_id is None) == (outcome.result is not Result.ACCEPTED)


@pytest.mark.parametrize(
    ("status", "said", "result"),
    [
        (404, "Unknown request", Result.OPERATOR),
        (400, "Coding field misformed, rejected", Result.OPERATOR),
        (202, "", Result.UNKNOWN),
        (200, "<html>welcome</html>", Result.UNKNOWN),
        (302, "", Result.UNKNOWN),
        (502, "Bad Gateway", Result.UNKNOWN),
    ],
)
async def test_an_answer_in_no_table_goes_by_its_status(
    now: datetime, status: int, said: str, result: Result
) -> None:
    with capture_logs() as logs:
        outcome, _ = await _sent(now, _letter(), status, said)
    assert (outcome.result, outcome.code) == (result, str(status))
    assert [line["log_level"] for line in logs] == ["error"] * (result is Result.OPERATOR)


async def test_no_gateway_there_is_worth_another_try(now: datetime) -> None:
    def nobody(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    outcome = await _gateway(nobody).send_text(_letter(), now)
    assert outcome == SendOutcome(Result.RETRY, reason="ConnectError")


@pytest.mark.parametrize(("status", "delivered"), REPORTS.items())
def test_only_a_last_word_closes_a_try(now: datetime, status: int, delivered: bool | None) -> None:
    _, receipts = _push(f"attempt=a1&status={status}&answer=ACK%2F&at=1795395600", now)
    closed = [receipt.delivered for receipt in receipts]
    assert closed == ([] if delivered is None else [delivered])


@pytest.mark.parametrize(
    ("status", "answer", "code", "stops"),
    [
        (1, "id:1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:", "1/DELIVRD/000", False),
        (
            2,
            "id:1 sub:001 dlvrd:000 stat:UNDELIV err:011 text:stat:MBBLACK",
            "2/UNDELIV/011",
            False,
        ),
        (2, "id:1 sub:001 dlvrd:000 stat:MBBLACK err:000 text:", "2/MBBLACK/000", True),
        (2, "id:1 stat:UNDELIV err:DB:0141 text:", "2/UNDELIV/DB:0141", True),
        (16, "NACK/0x0000000b/Invalid Destination Address", "16/0x0000000b", False),
        (16, "NACK/validity expired", "16/validity_expired", False),
        (2, "", "2", False),
    ],
)
def test_a_report_keeps_the_carriers_codes_alone(
    now: datetime, status: int, answer: str, code: str, stops: bool
) -> None:
    _, [receipt] = _push(f"attempt=a1&status={status}&answer={quote(answer)}&at=1795395600", now)
    assert receipt == Receipt(
        provider_id="a1",
        delivered=status == 1,
        code=code,
        provider="kannel:main",
        attempt_id="a1",
        at=datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
        stops=stops,
    )


def test_a_message_arrives_as_it_was_written(now: datetime) -> None:
    said = "血压165/98，头晕😀 有空+格&=%\n两行"
    query = f"from=%2B8613800001111&id=e716&at=1795395600&charset=UTF-8&text={quote(said)}"
    [arrival] = KannelInlet().read(PushRequest("GET", f"{PUSH_URL}?{query}"), now).arrivals
    assert arrival.text == said
    assert (arrival.channel, arrival.account, arrival.address) == ("sms", "main", PHONE)
    assert arrival.external_id == "kannel:e716"
    assert arrival.sent_at == datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("UTF-8", "头晕，难受".encode()),
        ("UTF-16BE", "头晕，难受".encode("utf-16-be")),
        ("", "头晕，难受".encode()),
        ("UTF-8", "头晕，难受".encode("gb18030")),
        ("no-such-charset", "头晕，难受".encode()),
        ("UTF-8", "头晕，难受".encode("utf-16-be")),
        ("", "头晕，难受".encode("utf-16-be")),
    ],
)
def test_the_words_are_read_in_whatever_charset_came(
    now: datetime, charset: str, content: bytes
) -> None:
    texts, _ = _push(f"from=13800001111&id=1&charset={charset}&text={quote(content)}", now)
    assert texts == ["头晕，难受"]


@pytest.mark.parametrize(
    "said",
    ["救命", "我胸口疼得厉害，喘不上气", "血压220/130，头疼", "220/130", "喝农药了😭", "130"],
)
def test_utf16_that_is_labelled_utf8_is_read_and_told(now: datetime, said: str) -> None:
    with capture_logs() as logs:
        texts, _ = _push(
            f"from=13800001111&id=1&charset=UTF-8&text={quote(said.encode('utf-16-be'))}", now
        )
    assert texts == [said]
    assert [one["event"] for one in logs] == ["kannel.charset_odd"]
    assert said not in str(logs)


@pytest.mark.parametrize(
    "said",
    ["TD", "help", "Help me!", "xueya 135/85", "135/85", "y", "ok", "good", "救命", "A1c 7.2",
     "http://x.example/a", "tou yun", "165 98", "R", "bp:140/90", "GOOD", "a@b.cn", "头疼"],
)  # fmt: skip
def test_what_is_utf8_stays_as_it_is(now: datetime, said: str) -> None:
    texts, _ = _push(f"from=13800001111&id=1&charset=UTF-8&text={quote(said)}", now)
    assert texts == [said]


def test_a_posted_message_has_its_words_in_the_body(now: datetime) -> None:
    heads = {"x-kannel-from": PHONE}
    url, body = f"{PUSH_URL}?id=e716&at=1795395600&charset=UTF-8", "头晕，难受".encode()
    posted = PushRequest("POST", url, heads, body=body)
    got = f"{url}&from={quote(PHONE)}&text={quote(body)}"
    assert KannelInlet().read(posted, now) == KannelInlet().read(PushRequest("GET", got), now)
    with pytest.raises(PushError):
        KannelInlet().read(PushRequest("POST", url, {}, body=body), now)


def test_bytes_that_are_no_text_are_still_kept(now: datetime) -> None:
    texts, _ = _push("from=13800001111&id=1&charset=UTF-8&text=%FF%FF165%FF", now)
    assert "165" in texts[0]


def test_services_and_empty_messages_are_nobodys(now: datetime) -> None:
    assert _push("from=10690001&id=1&charset=UTF-8&text=hello", now) == ([], ())
    assert _push("from=13800001111&id=1&charset=UTF-8&text=+", now) == ([], ())


def test_without_an_id_the_same_words_of_the_same_moment_are_one_message(now: datetime) -> None:
    def named(query: str) -> str:
        pushed = KannelInlet().read(PushRequest("GET", f"{PUSH_URL}?{query}"), now)
        return pushed.arrivals[0].external_id

    first = named("from=13800001111&id=&at=1795395600&text=165")
    assert first == named("from=13800001111&at=1795395600&text=165")
    assert first != named("from=13800001111&at=1795395601&text=165")


@pytest.mark.parametrize("at", ["", "soon", "9" * 20])
def test_a_time_that_is_none_is_now(now: datetime, at: str) -> None:
    url = f"{PUSH_URL}?from=13800001111&id=1&at={at}&text=165"
    assert KannelInlet().read(PushRequest("GET", url), now).arrivals[0].sent_at == now


@pytest.mark.parametrize(
    "query", ["", "hello=1", "attempt=&status=1", "attempt=a1&status=x", "attempt=a%20b&status=1"]
)
def test_a_call_that_says_nothing_is_refused(now: datetime, query: str) -> None:
    with pytest.raises(PushError):
        _push(query, now)


def test_the_answer_to_a_message_is_empty_because_kannel_would_send_it() -> None:
    taken, again = KannelInlet().answer(ok=True), KannelInlet().answer(ok=False)
    assert (taken.status, taken.body) == (200, "")
    assert (again.status, again.body) == (503, "")


@given(st.text(st.sampled_from("压a😀𠮷"), min_size=60, max_size=3 * JOINED))
def test_no_sign_is_cut_in_two_and_none_is_lost(text: str) -> None:
    padded = whole_at_seams(text)
    assert padded.replace(" ", "") == text
    if sms_units(text) <= SINGLE:
        assert padded == text
        return
    content = padded.encode("utf-16-be")
    size = 2 * JOINED
    parts = [content[at : at + size] for at in range(0, len(content), size)]
    assert "".join(part.decode("utf-16-be") for part in parts) == padded
    assert len(parts) == sms_segments(text)


def test_the_sample_and_the_module_agree_on_what_is_cut_off() -> None:
    assert f"max-messages = {LONGEST_PARTS}\n" in SAMPLE.read_text("utf-8")
