"""The client against the simulated platform over real HTTP: success, every kind of failure, tokens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
from sqlmodel import select

from channels.port import Letter, Result, SendOutcome
from channels.wechat import errors
from channels.wechat.account import WeChatAccount
from channels.wechat.client import QrCode, WeChatClient
from channels.wechat.registered import shipped
from channels.wechat.token import NoTokenError
from records import tokens, windows
from records.alarms import open_alarms
from records.db import Database
from records.media import File
from records.tables import AccessToken
from records.vault import Vault
from simulator.faults import Fault, FaultKind
from tests.channels.world import APP_ID, LI, WANG, World, attempts, outbound_rows

DUE = {
    "name": "followup_due",
    "title": "健康随访提醒",
    "date": "2026-11-30",
    "action": "请点开回复,或联系村医",
}
SEND = "/cgi-bin/message/custom/send"


def a_letter(openid: str = WANG, body: str = "记下148/92", **changes: object) -> Letter:
    letter = Letter(message_id="row-1", address=openid, body=body, send_key="k")
    return replace(letter, **changes)  # type: ignore[arg-type]


async def greet(world: World) -> None:
    """The patient writes, so that the window is open."""
    await world.patients.say(WANG, "你好")


async def send(world: World, **changes: object) -> SendOutcome:
    return await world.client.send_text(a_letter(**changes), world.clock.now)  # type: ignore[arg-type]


# --- Sending ----------------------------------------------------------------------------------------


async def test_text_arrives_as_it_was_written(world: World) -> None:
    await greet(world)
    body = '血压"148/92"\n已记下 😊 𠮷 \\u4f60 ]]>'
    assert await send(world, body=body) == SendOutcome(Result.ACCEPTED, "0")
    assert world.seen() == [body]


async def test_the_sixth_message_after_one_word_is_refused_by_name(world: World) -> None:
    await greet(world)
    outcomes = [await send(world, body=f"{n}") for n in range(6)]
    assert [o.result for o in outcomes] == [Result.ACCEPTED] * 5 + [Result.CHANNEL_CLOSED]
    assert outcomes[-1] == SendOutcome(Result.CHANNEL_CLOSED, "45047", "window_used_up")


async def test_after_two_days_the_window_is_closed(world: World) -> None:
    await greet(world)
    world.clock.move(hours=49)
    assert (await send(world)).reason == "window_closed"


async def test_a_text_that_is_too_long_never_goes(world: World) -> None:
    await greet(world)
    assert await send(world, body="长" * 700) == SendOutcome(Result.NEVER, "45002", "body_too_long")


async def test_an_address_nobody_has_never_works(world: World) -> None:
    assert (await send(world, openid="o-nobody")).reason == "openid_unknown"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(
            Fault(FaultKind.ERROR, SEND, errcode=-1),
            SendOutcome(Result.RETRY, "-1", "platform_busy"),
            id="busy",
        ),
        pytest.param(
            Fault(FaultKind.ERROR, SEND, errcode=48001),
            SendOutcome(Result.OPERATOR, "48001", "permission_missing"),
            id="no permission",
        ),
        pytest.param(
            Fault(FaultKind.ERROR, SEND, errcode=99999),
            SendOutcome(Result.UNKNOWN, "99999", "code_unlisted"),
            id="a code nobody listed",
        ),
        pytest.param(
            Fault(FaultKind.GARBAGE, SEND),
            SendOutcome(Result.UNKNOWN, "200", "no_answer_in_body"),
            id="garbage with HTTP 200 is no success",
        ),
        pytest.param(
            Fault(FaultKind.DROP, SEND),
            SendOutcome(Result.UNKNOWN, "", "RemoteProtocolError"),
            id="done, then the line went dead",
        ),
        pytest.param(
            Fault(FaultKind.HANG, SEND),
            SendOutcome(Result.UNKNOWN, "", "ReadTimeout"),
            id="no answer at all",
        ),
    ],
)
async def test_failures_have_names(
    wired: World, monkeypatch: pytest.MonkeyPatch, fault: Fault, expected: SendOutcome
) -> None:
    monkeypatch.setattr("channels.wechat.api.CALL_SECONDS", 0.3)
    await greet(wired)
    wired.platform.faults.add(replace(fault))
    assert await send(wired) == expected


async def test_a_platform_that_is_not_there_was_never_reached(world: World) -> None:
    await greet(world)
    await send(world)
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9", trust_env=False) as nowhere:
        client = replace(world.client, http=nowhere)
        outcome = await client.send_text(a_letter(), world.clock.now)
    assert outcome == SendOutcome(Result.RETRY, "", "ConnectError")


@pytest.mark.parametrize("body", ["", "null", "[]", '{"errmsg": "ok"}', '{"errcode": "0"}', "\xff"])
async def test_only_errcode_zero_is_success(world: World, body: str) -> None:
    """courier took any HTTP 200 for success and never read the body."""
    outcome = await answered(world, lambda _: httpx.Response(200, text=body))
    assert outcome.result is Result.UNKNOWN


async def test_an_http_error_without_a_body_of_the_platform_is_unknown(world: World) -> None:
    outcome = await answered(world, lambda _: httpx.Response(502, text="Bad Gateway"))
    assert outcome == SendOutcome(Result.UNKNOWN, "502", "no_answer_in_body")


async def answered(world: World, answer: Callable[[httpx.Request], httpx.Response]) -> SendOutcome:
    """Send with a good token to a platform that answers like this."""
    await world.client.tokens.token(world.clock.now)
    async with httpx.AsyncClient(
        base_url="http://platform", transport=httpx.MockTransport(answer)
    ) as http:
        return await replace(world.client, http=http).send_text(a_letter(), world.clock.now)


def test_every_listed_code_has_a_name_of_its_own_kind() -> None:
    for code, (result, reason) in errors.ERRORS.items():
        assert result not in {Result.ACCEPTED, Result.DELIVERED, Result.UNKNOWN}, code
        assert reason.replace("_", "").isalpha(), code
    assert errors.ERRORS.keys() >= errors.STALE_TOKEN


# --- Templates --------------------------------------------------------------------------------------


async def test_a_template_travels_outside_the_window_and_its_receipt_closes_the_attempt(
    world: World,
) -> None:
    await greet(world)
    world.clock.move(hours=49)
    message = world.queue(
        purpose="reminder", contact_point_id=world.contact().id, template=DUE, body="到日子了"
    )
    await world.deliver()
    await world.platform.settle()
    (seen,) = world.seen()
    assert "健康随访提醒" in seen
    assert "2026年11月30日" in seen
    (row,), (attempt,) = outbound_rows(world.db), attempts(world.db)
    assert (row.id, row.state) == (message.id, "delivered")
    assert (attempt.result, attempt.code) == ("delivered", "success")
    assert attempt.provider_id


async def test_a_receipt_of_refusal_puts_the_person_on_the_call_list(world: World) -> None:
    from records.tables import Task

    await greet(world)
    world.clock.move(hours=49)
    world.platform.followers.get(WANG).receipt = "failed:user block"
    world.queue(purpose="reminder", contact_point_id=world.contact().id, template=DUE)
    await world.deliver()
    await world.platform.settle()
    (row,) = outbound_rows(world.db)
    assert (row.state, row.reason) == ("channel_closed", "failed:user block")
    with world.db.reading() as session:
        assert session.exec(select(Task)).one().reason == "undelivered:failed:user block"


async def test_a_receipt_that_overtakes_its_own_send_is_still_matched(world: World) -> None:
    await greet(world)
    world.clock.move(hours=49)
    world.queue(purpose="reminder", contact_point_id=world.contact().id, template=DUE)
    send_template = type(world.client).send_template

    async def slow(client: WeChatClient, letter: Letter, now: datetime) -> SendOutcome:
        outcome = await send_template(client, letter, now)
        await world.platform.settle()
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WeChatClient, "send_template", slow)
        await world.deliver()
    assert outbound_rows(world.db)[0].state == "delivered"


async def test_a_receipt_for_a_message_nobody_knows_is_only_noted(world: World) -> None:
    fields = world.platform.writer.event(
        WANG, "TEMPLATESENDJOBFINISH", MsgID=123456789, Status="success"
    )
    delivered = await world.platform.delivery.deliver(fields)
    assert delivered.acknowledged
    assert outbound_rows(world.db) == []


async def test_the_same_row_sent_twice_as_a_template_arrives_once(world: World) -> None:
    await greet(world)
    letter = a_letter(template=DUE)
    first = await world.client.send_template(letter, world.clock.now)
    second = await world.client.send_template(letter, world.clock.now)
    assert first == second
    assert first.provider_id
    assert len(world.seen()) == 1


async def test_a_template_to_somebody_who_left_is_refused_by_name(world: World) -> None:
    outcome = await world.client.send_template(a_letter(LI, template=DUE), world.clock.now)
    assert outcome == SendOutcome(Result.CHANNEL_CLOSED, "43004", "not_following")


def test_template_values_are_cut_and_written_as_their_types_demand(now: datetime) -> None:
    data = (
        shipped()
        .templates["followup_due"]
        .data({"title": "很长的标题" * 9, "date": "下周一", "action": "一行\n又一行"}, now)
    )
    assert len(data["thing1"]["value"]) == 20
    assert data["thing1"]["value"].endswith("…")
    assert data["time2"]["value"] == "2026年11月23日", (
        "no date of the platform's: the day it is sent"
    )
    assert data["thing3"]["value"] == "一行 又一行"


def test_a_template_needs_both_our_fields_and_the_accounts_id(
    world: World, account: WeChatAccount
) -> None:
    assert world.client.has_template("followup_due")
    assert not world.client.has_template("reply_waiting"), "no id from the platform"
    assert not world.client.has_template("unheard_of")
    assert set(shipped().templates) >= set(account.templates)


# --- Tokens -----------------------------------------------------------------------------------------


def asked(world: World) -> list[str]:
    """The token requests of the platform, by counting them."""
    calls: list[str] = []
    stable = world.platform.tokens.stable

    def counted(now: datetime, *, force: bool = False) -> tuple[str, int]:
        calls.append("force" if force else "normal")
        return stable(now, force=force)

    world.platform.tokens.stable = counted  # type: ignore[method-assign]
    return calls


async def test_one_token_serves_until_it_ends(world: World) -> None:
    calls = asked(world)
    await greet(world)
    for _ in range(3):
        await send(world)
    assert calls == ["normal"]
    world.clock.move(hours=2)
    await greet(world)
    assert (await send(world)).result is Result.ACCEPTED
    assert calls == ["normal", "normal"]


async def test_a_token_the_platform_forgot_is_replaced_once_and_the_message_goes(
    world: World,
) -> None:
    await greet(world)
    await send(world, body="eins")
    world.platform.tokens.revoke_all()
    calls = asked(world)
    assert (await send(world, body="zwei")).result is Result.ACCEPTED
    assert world.seen() == ["eins", "zwei"]
    assert calls == ["normal"]


async def test_a_platform_that_keeps_refusing_tokens_is_asked_no_further(world: World) -> None:
    await greet(world)
    calls = asked(world)
    world.platform.faults.add(Fault(FaultKind.ERROR, SEND, times=None, errcode=40001))
    assert await send(world) == SendOutcome(Result.RETRY, "40001", "token_refused")
    # The platform gave the very token it refuses, so one forced refresh is asked for.
    assert calls == ["normal", "normal", "force"]


async def test_two_processes_that_need_a_token_make_one_call(world: World, vault: Vault) -> None:
    calls = asked(world)
    world.platform.faults.add(Fault(FaultKind.LATENCY, "/cgi-bin/stable_token", seconds=0.3))
    other = Database(world.db.url)
    keeper = replace(world.client.tokens, db=other, vault=vault)
    first, second = await asyncio.gather(
        world.client.tokens.token(world.clock.now), keeper.token(world.clock.now)
    )
    other.dispose()
    assert first == second
    assert calls == ["normal"]


async def test_two_processes_whose_token_was_refused_make_one_call(
    world: World, vault: Vault
) -> None:
    old = await world.client.tokens.token(world.clock.now)
    world.platform.tokens.revoke_all()
    calls = asked(world)
    world.platform.faults.add(Fault(FaultKind.LATENCY, "/cgi-bin/stable_token", seconds=0.3))
    other = Database(world.db.url)
    keepers = world.client.tokens, replace(world.client.tokens, db=other, vault=vault)
    fresh = await asyncio.gather(
        *(keeper.token(world.clock.now, refused=old) for keeper in keepers)
    )
    other.dispose()
    assert len(set(fresh)) == 1
    assert fresh[0] != old
    assert calls == ["normal"]


async def test_a_refresher_that_died_is_replaced_when_its_lease_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.db.transaction() as session:
        assert tokens.lease_refresh(session, APP_ID, world.clock.now, timedelta(seconds=20))
    monkeypatch.setattr("channels.tokens.PATIENCE", 0.2)
    with pytest.raises(NoTokenError, match="token_busy"):
        await world.client.tokens.token(world.clock.now)
    assert await world.client.tokens.token(world.clock.move(seconds=21))


async def test_a_token_that_came_between_look_and_lease_is_taken(world: World) -> None:
    keeper = world.client.tokens
    good = await keeper.token(world.clock.now)
    with world.db.transaction() as session:
        lease = tokens.lease_refresh(session, APP_ID, world.clock.now, timedelta(seconds=20))
    assert lease is not None
    calls = asked(world)
    assert await keeper._refresh(lease, None, world.clock.now) == good
    assert calls == []
    with world.db.transaction() as session:
        assert not tokens.release(session, lease), "it was given back"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(FaultKind.ERROR, errcode=40164), (Result.OPERATOR, "address_not_on_whitelist")),
        (Fault(FaultKind.ERROR, errcode=-1), (Result.RETRY, "platform_busy")),
        (Fault(FaultKind.GARBAGE), (Result.RETRY, "token_JSONDecodeError")),
        (Fault(FaultKind.HANG), (Result.RETRY, "token_no_answer_in_time")),
    ],
)
async def test_no_token_means_a_named_result_and_the_lease_is_free_again(
    wired: World,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    expected: tuple[Result, str],
) -> None:
    monkeypatch.setattr("channels.wechat.token.CALL_SECONDS", 0.2)
    await greet(wired)
    wired.platform.faults.add(replace(fault, path="/cgi-bin/stable_token"))
    outcome = await send(wired)
    assert (outcome.result, outcome.reason) == expected
    assert (await send(wired)).result is Result.ACCEPTED
    with wired.db.reading() as session:
        row = session.exec(select(AccessToken)).one()
        assert (row.account, row.claimed_until) == (APP_ID, None)
        assert row.token_sealed is not None


# --- Media and codes --------------------------------------------------------------------------------


async def test_a_photo_is_fetched_as_it_was_taken(world: World) -> None:
    await world.patients.photograph(WANG, b"\xff\xd8\xff photo", "image/jpeg")
    media_id = next(entry for entry in world.platform.log).details["media_id"]
    found = await world.client.fetch(media_id, world.clock.now)
    assert found == File(b"\xff\xd8\xff photo", "image/jpeg")


async def test_a_file_the_platform_forgot_never_comes(world: World) -> None:
    found = await world.client.fetch("nonsense", world.clock.now)
    assert found == SendOutcome(Result.NEVER, "40007", "media_unknown")


async def test_a_stale_token_does_not_stop_a_fetch(world: World) -> None:
    await world.patients.photograph(WANG, b"\xff\xd8\xff photo", "image/jpeg")
    media_id = next(entry for entry in world.platform.log).details["media_id"]
    await world.client.tokens.token(world.clock.now)
    world.platform.tokens.revoke_all()
    assert isinstance(await world.client.fetch(media_id, world.clock.now), File)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(FaultKind.GARBAGE), "not_a_file"),
        (Fault(FaultKind.HANG), "ReadTimeout"),
        (Fault(FaultKind.ERROR, errcode=-1), "platform_busy"),
    ],
)
async def test_a_fetch_that_failed_may_be_tried_again(
    wired: World, monkeypatch: pytest.MonkeyPatch, fault: Fault, reason: str
) -> None:
    monkeypatch.setattr("channels.wechat.api.CALL_SECONDS", 0.2)
    await wired.client.tokens.token(wired.clock.now)
    wired.platform.faults.add(replace(fault))
    found = await wired.client.fetch("any", wired.clock.now)
    assert isinstance(found, SendOutcome)
    assert (found.result, found.reason) == (Result.RETRY, reason)


async def test_without_a_token_nothing_is_fetched(world: World) -> None:
    world.platform.faults.add(Fault(FaultKind.ERROR, errcode=40125))
    assert await world.client.fetch("any", world.clock.now) == SendOutcome(
        Result.OPERATOR, "40125", "secret_wrong"
    )


async def test_a_file_larger_than_any_photo_is_not_read_to_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.wechat.api.LARGEST_FILE", 4)
    await world.patients.photograph(WANG, b"\xff\xd8\xff photo", "image/jpeg")
    media_id = next(entry for entry in world.platform.log).details["media_id"]
    found = await world.client.fetch(media_id, world.clock.now)
    assert found == SendOutcome(Result.NEVER, "", "file_too_large")


async def test_an_enrolment_code_leads_back_to_its_scene(world: World) -> None:
    code = await world.client.create_qr_code("s3cr3t", 3600, world.clock.now)
    assert isinstance(code, QrCode)
    scan = world.patients.scan(LI, code.url)
    assert scan is not None
    await scan
    from records.tables import InboundMessage

    with world.db.reading() as session:
        row = session.exec(select(InboundMessage)).one()
        assert row.event == {"event": "subscribe", "scene": "s3cr3t"}
        assert row.state == "waiting"
    assert windows.room(world.contact(), world.clock.now).left == 3


async def test_a_scene_the_platform_refuses_is_an_outcome(world: World) -> None:
    assert await world.client.create_qr_code("", 3600, world.clock.now) == SendOutcome(
        Result.NEVER, "40053", "scene_refused"
    )


def test_secrets_are_not_shown(account: WeChatAccount) -> None:
    shown = repr(account)
    assert "not-a-secret" not in shown
    assert "demo-token" not in shown
    assert all(key not in shown for key in account.aes_keys)


async def test_the_request_carries_raw_utf8(world: World) -> None:
    requests: list[bytes] = []

    def look(request: httpx.Request) -> httpx.Response:
        requests.append(request.content)
        return httpx.Response(200, json={"errcode": 0})

    await answered(world, look)
    assert "记下".encode() in requests[0]
    assert json.loads(requests[0])["touser"] == WANG


# --- Trouble of the account -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("qrcode/create", lambda w: w.client.create_qr_code("s", 60, w.clock.now)),
        ("media/get", lambda w: w.client.fetch("m", w.clock.now)),
        ("menu/create", lambda w: w.client.create_menu({"button": []}, w.clock.now)),
    ],
)
@pytest.mark.parametrize("code", [40164, 45009, 48001])
async def test_trouble_of_the_account_is_an_alarm_whatever_was_asked(
    world: World, path: str, call: Callable[[World], Awaitable[object]], code: int
) -> None:
    world.platform.faults.add(Fault(FaultKind.ERROR, f"/cgi-bin/{path}", times=2, errcode=code))
    for _ in range(2):
        await call(world)
    with world.db.reading() as session:
        (alarm,) = open_alarms(session)
    assert (alarm.kind, alarm.subject, alarm.count) == ("trouble", f"wechat:{APP_ID}", 2)
    assert alarm.detail == {
        "code": str(code),
        "reason": errors.outcome_of(code).reason,
        "call": path,
    }


async def test_a_token_that_is_refused_for_the_account_is_an_alarm_too(world: World) -> None:
    world.platform.faults.add(Fault(FaultKind.ERROR, "/cgi-bin/stable_token", errcode=40164))
    outcome = await world.client.create_qr_code("s", 60, world.clock.now)
    assert outcome == SendOutcome(Result.OPERATOR, "40164", "address_not_on_whitelist")
    with world.db.reading() as session:
        assert [alarm.kind for alarm in open_alarms(session)] == ["trouble"]


async def test_the_alarm_ends_by_itself_with_the_next_message_that_is_taken(world: World) -> None:
    await greet(world)
    world.platform.faults.add(Fault(FaultKind.ERROR, "/cgi-bin/qrcode/create", errcode=45009))
    await world.client.create_qr_code("s", 60, world.clock.now)
    world.queue(contact_point_id=world.contact().id)
    await world.deliver()
    with world.db.reading() as session:
        assert open_alarms(session) == []


async def test_a_menu_that_the_platform_does_not_like_is_told_and_is_no_alarm(
    world: World,
) -> None:
    answer = await world.client.create_menu({"button": []}, world.clock.now)
    assert answer.outcome.result is Result.OPERATOR
    with world.db.reading() as session:
        assert open_alarms(session) == []


async def test_an_answer_without_an_end_is_cut_and_unknown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.wechat.api.LARGEST_ANSWER", 8)
    outcome = await answered(world, lambda _: httpx.Response(200, text='{"errcode": 0}'))
    assert outcome == SendOutcome(Result.UNKNOWN, "200", "too_large")
