"""Members are rung in WeCom: a card with a link; a 0 that reached nobody is no success."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
import structlog
from sqlmodel import select

from channels.port import Channel, Result
from channels.wecom import errors
from channels.wecom.client import LONGEST_DESCRIPTION, LONGEST_TITLE, WeComClient
from channels.wecom.token import TokenKeeper
from records.tables import AccessToken
from simulator.faults import Fault, FaultKind
from tests.channels.wecom.corp import LI, SECRET, Corp


def shown(corp: Corp, member: str = LI) -> list[str]:
    return [one.text for one in corp.wecom.shown(member)]


async def test_a_member_is_shown_a_card_that_links_to_the_notice(corp: Corp) -> None:
    channel: Channel = corp.client
    outcome = await channel.send_text(corp.letter(), corp.clock.now)
    assert (outcome.result, outcome.code) == (Result.ACCEPTED, "0")
    assert outcome.provider_id
    (card,) = corp.wecom.shown(LI)
    assert card.details["title"] == "紧急"
    assert card.details["url"] == "https://inbox.test/notices/m-1.token"
    assert card.details["button"] == "打开"
    assert "编号4821" in card.text


async def test_a_long_head_gives_the_card_a_plain_title(corp: Corp) -> None:
    await corp.client.send_text(
        corp.letter(body="编号4821的数值，患者刚才来消息更正了。"), corp.clock.now
    )
    (card,) = corp.wecom.shown(LI)
    assert card.details["title"] == "有新的事要您看"


async def test_without_an_address_of_ours_the_words_go_as_they_are(corp: Corp) -> None:
    client = replace(corp.client, account=replace(corp.client.account, reply_at=None))
    assert (await client.send_text(corp.letter(), corp.clock.now)).result is Result.ACCEPTED
    (card,) = corp.wecom.shown(LI)
    assert (card.details["title"], card.details["url"]) == ("", "")


async def test_the_platforms_lengths_count_bytes_and_no_character_is_cut(corp: Corp) -> None:
    letter = corp.letter(body="<b>&" + "血" * 400)
    assert (await corp.client.send_template(letter, corp.clock.now)).result is Result.ACCEPTED
    (card,) = corp.wecom.shown(LI)
    assert len(card.text.encode()) <= LONGEST_DESCRIPTION
    assert card.text.startswith("&lt;b&gt;&amp;血")
    assert card.text.endswith("…")
    assert len(str(card.details["title"]).encode()) <= LONGEST_TITLE


async def test_the_same_notice_again_is_shown_once_and_another_one_is_shown(corp: Corp) -> None:
    for _ in range(2):
        assert (
            await corp.client.send_text(corp.letter(), corp.clock.now)
        ).result is Result.ACCEPTED
    assert len(shown(corp)) == 1
    other = corp.letter(ring=replace(corp.letter().ring, token="m-2.token"))  # type: ignore[type-var]
    await corp.client.send_text(other, corp.clock.now)
    assert len(shown(corp)) == 2


@pytest.mark.parametrize("member", ["gone", "nobody"])
async def test_a_member_nobody_can_reach_closes_this_way(corp: Corp, member: str) -> None:
    outcome = await corp.client.send_text(corp.letter(member), corp.clock.now)
    assert (outcome.result, outcome.reason) == (Result.CHANNEL_CLOSED, errors.UNREACHABLE)


async def test_a_zero_that_reached_nobody_is_no_success(corp: Corp) -> None:
    corp.wecom.says_zero = True
    outcome = await corp.client.send_text(corp.letter("gone"), corp.clock.now)
    assert (outcome.result, outcome.code, outcome.reason) == (
        Result.CHANNEL_CLOSED,
        "0",
        errors.UNREACHABLE,
    )
    corp.wecom.unlicensed = {LI}
    outcome = await corp.client.send_text(corp.letter("LIJIANGUO"), corp.clock.now)
    assert (outcome.result, outcome.reason) == (Result.CHANNEL_CLOSED, "member_unlicensed")
    assert shown(corp) == []


async def test_a_token_is_asked_for_once_and_again_when_it_is_refused(corp: Corp) -> None:
    await asyncio.gather(*(corp.client.send_text(corp.letter(), corp.clock.now) for _ in range(4)))
    assert corp.wecom.asked_for_tokens == 1
    corp.wecom.forget_token()
    assert (await corp.client.send_text(corp.letter(), corp.clock.now)).result is Result.ACCEPTED
    assert corp.wecom.asked_for_tokens == 2
    corp.clock.move(hours=3)
    assert (await corp.client.send_text(corp.letter(), corp.clock.now)).result is Result.ACCEPTED
    assert corp.wecom.asked_for_tokens == 3
    with corp.db.reading() as session:
        row = session.exec(select(AccessToken)).one()
        assert SECRET.encode() not in (row.token_sealed or b"")


async def test_a_wrong_secret_is_the_operators_affair_and_tells_it_nowhere(corp: Corp) -> None:
    account = replace(corp.client.account, secret="no-such-secret")
    tokens = replace(corp.client.tokens, account=account)
    client = replace(corp.client, account=account, tokens=tokens)
    with structlog.testing.capture_logs() as logs:
        outcome = await client.send_text(corp.letter(), corp.clock.now)
    assert (outcome.result, outcome.reason) == (Result.OPERATOR, "secret_wrong")
    assert "no-such-secret" not in repr(logs) + repr(client) + repr(account)


async def test_a_machine_that_is_not_on_the_list_is_the_operators_affair(corp: Corp) -> None:
    await corp.client.send_text(corp.letter(), corp.clock.now)
    corp.wecom.settings = replace(corp.wecom.settings, addresses=frozenset({"10.0.0.1"}))
    with structlog.testing.capture_logs() as logs:
        outcome = await corp.client.send_text(corp.letter(), corp.clock.now)
    assert (outcome.result, outcome.code) == (Result.OPERATOR, "60020")
    assert outcome.reason == "address_not_on_whitelist"
    assert [one["event"] for one in logs] == ["wecom.operator_needed"]


async def test_every_listed_code_has_its_result(corp: Corp) -> None:
    path = "/cgi-bin/message/send"
    for errcode, named in errors.ERRORS.items():
        corp.wecom.faults.clear()
        corp.wecom.faults.add(Fault(FaultKind.ERROR, path=path, errcode=errcode, times=2))
        outcome = await corp.client.send_text(corp.letter(), corp.clock.now)
        assert (outcome.result, outcome.reason) == named
    assert shown(corp) == []


async def test_a_code_nobody_listed_is_unknown(corp: Corp) -> None:
    corp.wecom.faults.add(Fault(FaultKind.ERROR, path="/cgi-bin/message/send", errcode=987654))
    outcome = await corp.client.send_text(corp.letter(), corp.clock.now)
    assert (outcome.result, outcome.code) == (Result.UNKNOWN, "987654")


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.CRASH, FaultKind.DROP])
async def test_what_may_have_been_sent_is_unknown(corp: Corp, kind: FaultKind) -> None:
    corp.wecom.faults.add(Fault(kind, path="/cgi-bin/message/send"))
    outcome = await corp.client.send_text(corp.letter(), corp.clock.now)
    assert outcome.result is Result.UNKNOWN


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.CRASH, FaultKind.DROP])
async def test_no_token_is_certainly_nothing_sent(corp: Corp, kind: FaultKind) -> None:
    corp.wecom.faults.add(Fault(kind, path="/cgi-bin/gettoken"))
    outcome = await corp.client.send_text(corp.letter(), corp.clock.now)
    assert outcome.result is Result.RETRY
    assert (await corp.client.send_text(corp.letter(), corp.clock.now)).result is Result.ACCEPTED


async def test_nobody_at_the_address_is_retried(corp: Corp) -> None:
    account = replace(corp.client.account, platform="http://127.0.0.1:9")
    async with httpx.AsyncClient(trust_env=False) as http:
        client = WeComClient(account, http, TokenKeeper(account, http, corp.db, corp.vault))
        outcome = await client.send_text(corp.letter(), corp.clock.now)
    assert outcome.result is Result.RETRY


def test_a_result_is_listed_for_every_code_in_the_brief() -> None:
    for code in (40001, 40014, 42001, 40003, 60011, 60020, 81013, 45009, 45033, 48002, 301002):
        assert code in errors.ERRORS
    assert errors.ERRORS.keys() >= errors.STALE_TOKEN
    assert errors.ERRORS.keys() >= errors.STALE_CODE
