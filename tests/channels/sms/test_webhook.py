"""Pushes of SMS providers: only from the secret address, stored whole or sent again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlmodel import func, select

from channels import body as reading
from channels.reception import Reception
from channels.sms.inlet import PushAnswer, Pushed, PushError, PushRequest
from channels.sms.webhook import Door, Pushes, Refusals, router
from records import outbound, receipts
from records.db import Database
from records.messages import Arrival
from records.outbound import Receipt, Trial
from records.tables import (
    ContactPoint,
    DeliveryReceipt,
    Escalation,
    InboundMessage,
    OutboundMessage,
    ProviderState,
)
from records.vault import Vault
from tests.channels.world import MovingClock, a_contact, outbound_rows, queue

PHONE = "+8613800001111"
TOKEN = "not-a-secret-but-long-enough"
PATH = f"/sms/plain/{TOKEN}"


@dataclass
class PlainInlet:
    """A provider that pushes {"texts": [...], "receipts": [...]} and signs with a header, if at all."""

    signed: bool = False
    name: str = "plain"
    provider: str = "plain:main"
    asked: list[PushRequest] = field(default_factory=list)

    def read(self, request: PushRequest, now: datetime) -> Pushed:
        self.asked.append(request)
        if self.signed and request.headers.get("x-signature") != "right":
            reason = "signature"
            raise PushError(reason, forged=True)
        try:
            found = json.loads(request.body)
        except ValueError:
            reason = "not_json"
            raise PushError(reason) from None
        return Pushed(
            tuple(self._arrival(one, now) for one in found.get("texts", [])),
            tuple(
                Receipt(one["id"], one["ok"], one["code"], self.provider, stops=one.get("stops", 0))
                for one in found.get("receipts", [])
            ),
        )

    def answer(self, *, ok: bool) -> PushAnswer:
        return PushAnswer(200 if ok else 503, "application/json", json.dumps({"code": int(not ok)}))

    @staticmethod
    def _arrival(one: dict[str, Any], now: datetime) -> Arrival:
        return Arrival("sms", "main", one["from"], f"plain:{one['id']}", "text", now, one["text"])


def a_text(text: str, number: int = 1, phone: str = PHONE) -> dict[str, Any]:
    return {"from": phone, "id": number, "text": text}


@dataclass
class Line:
    """Our address as a provider sees it, and the database behind it."""

    http: httpx.AsyncClient
    db: Database
    inlet: PlainInlet
    woken: list[int]

    async def push(
        self, *texts: dict[str, Any], receipts: list[dict[str, Any]] | None = None, path: str = PATH
    ) -> httpx.Response:
        return await self.http.post(path, json={"texts": texts, "receipts": receipts or []})

    def count(self, table: Any = InboundMessage) -> int:
        with self.db.reading() as session:
            return int(session.exec(select(func.count()).select_from(table)).one())

    def contact(self) -> ContactPoint:
        with self.db.reading() as session:
            return session.exec(select(ContactPoint)).one()


@pytest.fixture
async def line(
    sqlite_database: Database, reception: Reception, clock: MovingClock
) -> AsyncIterator[Line]:
    inlet, signing, woken = PlainInlet(), PlainInlet(signed=True, name="signing"), [0]
    pushes = Pushes(
        {"plain": Door(inlet, TOKEN), "signing": Door(signing), "open": Door(PlainInlet())},
        sqlite_database,
        reception,
        clock,
        public_url="https://clinic.example/",
        accepted=lambda: woken.append(1),
    )
    app = FastAPI()
    app.include_router(router(pushes))
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(base_url="http://us", transport=transport) as http:
        yield Line(http, sqlite_database, inlet, woken)


async def test_a_message_is_stored_once_and_wakes_a_worker(line: Line) -> None:
    first = await line.push(a_text("血压 128/76"))
    again = await line.push(a_text("血压 128/76"))
    assert (first.status_code, first.json()) == (200, {"code": 0})
    assert again.status_code == 200
    assert line.count() == 1
    assert line.woken == [0, 1]
    contact = line.contact()
    assert (contact.channel, contact.account) == ("sms", "main")
    assert contact.wake_at is not None
    with line.db.reading() as session:
        state = session.get_one(ProviderState, "plain:main")
    assert state.last_inbound_at is not None


@pytest.mark.parametrize(
    "path",
    [
        "/sms/plain/wrong",
        "/sms/plain",
        "/sms/nobody/x",
        "/sms/open/x",
        "/sms/open",
        "/sms/signing/x",
        "/sms/x",
    ],
)
async def test_another_address_is_not_found_and_its_body_not_read(line: Line, path: str) -> None:
    answer = await line.push(a_text("血压 128/76"), path=path)
    assert answer.status_code == 404
    assert answer.text in ("not found", '{"detail":"Not Found"}')
    assert line.count() == 0
    assert line.inlet.asked == []


async def test_who_signs_needs_no_secret_address(line: Line) -> None:
    body = {"texts": [a_text("在吗")]}
    forged = await line.http.post("/sms/signing", json=body, headers={"X-Signature": "wrong"})
    true = await line.http.post("/sms/signing", json=body, headers={"X-Signature": "right"})
    assert (forged.status_code, true.status_code) == (403, 200)
    assert line.count() == 1


async def test_the_inlet_sees_the_address_that_the_provider_called(line: Line) -> None:
    await line.http.get(f"{PATH}?a=1&b=2")
    asked = line.inlet.asked[0]
    assert asked.url == f"https://clinic.example{PATH}?a=1&b=2"
    assert (asked.method, asked.query) == ("GET", {"a": "1", "b": "2"})


async def test_garbage_is_a_plain_400_without_a_row(line: Line) -> None:
    for content in (b"", b"\xff\xfe", b"[1, 2]", b'{"texts": [{}]}', b"{" * 2000):
        answer = await line.http.post(PATH, content=content)
        assert (answer.status_code, answer.text) == (400, "refused")
    assert line.count() == 0


async def test_a_body_that_is_too_large_or_too_slow_is_refused(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await line.http.post(PATH, content=b"x" * (reading.LARGEST_BODY + 1))
    assert answer.status_code == 413
    many = await line.push(*(a_text("好", number) for number in range(600)))
    assert many.status_code == 400
    assert line.count() == 0


async def test_what_does_not_commit_is_asked_for_again(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(Reception, "store", broken)
        answer = await line.push(a_text("血压 128/76"))
    assert (answer.status_code, answer.json()) == (503, {"code": 1})
    assert (await line.push(a_text("血压 128/76"))).status_code == 200
    assert line.count() == 1


async def test_one_piece_that_cannot_be_stored_costs_no_other(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Reception.store

    def sometimes(self: Reception, session: Any, arrival: Arrival, heard: Any, now: Any) -> Any:
        if arrival.text == "坏":
            raise ValueError
        return whole(self, session, arrival, heard, now)

    monkeypatch.setattr(Reception, "store", sometimes)
    answer = await line.push(a_text("血压 128/76", 1), a_text("坏", 2), a_text("还好", 3))
    assert answer.status_code == 503
    assert line.count() == 2


async def test_a_receipt_closes_its_try_and_a_second_copy_changes_nothing(
    line: Line, vault: Vault, clock: MovingClock
) -> None:
    with line.db.transaction() as session:
        contact = a_contact(session, vault, clock.now, PHONE, channel="sms", account="main")
        message = queue(session, vault, clock.now, contact_point_id=contact.id)
        trial = Trial("try-1", "sms:text", "plain:main", contact.id)
        claimed = outbound.claim_due(session, clock.now, timedelta(minutes=1))
        assert claimed is not None
        outbound.begin_attempt(session, claimed, trial, clock.now)
        outbound.end_attempt(
            session, "try-1", clock.now, result="accepted", code="", provider_id="biz-1"
        )
        outbound.settle(session, claimed, "accepted", None, clock.now)
        wanted = message.id
    said = [{"id": "biz-1", "ok": True, "code": "DELIVERED"}]
    assert (await line.push(receipts=said)).status_code == 200
    assert (
        await line.push(receipts=[*said, {"id": "?", "ok": False, "code": "X"}])
    ).status_code == 200
    with line.db.reading() as session:
        assert session.get_one(OutboundMessage, wanted).state == "delivered"
        assert len(session.exec(select(DeliveryReceipt)).all()) == 2


async def test_a_receipt_that_says_stop_stops_what_we_start(
    line: Line, vault: Vault, clock: MovingClock
) -> None:
    with line.db.transaction() as session:
        contact = a_contact(session, vault, clock.now, PHONE, channel="sms", account="main")
        assert receipts.note_stop(session, contact.id, clock.now)
        queue(session, vault, clock.now, contact_point_id=contact.id)
    assert line.contact().stopped_at is not None


# --- Danger -----------------------------------------------------------------------------------------


async def test_danger_is_answered_by_a_row_that_commits_with_the_message(line: Line) -> None:
    answer = await line.push(a_text("胸口像石头压着，出冷汗"))
    await line.push(a_text("胸口像石头压着，出冷汗"))
    assert answer.json() == {"code": 0}
    (said,) = outbound_rows(line.db)
    assert (said.purpose, said.text_key) == ("safety", "safety.heart_attack")
    assert said.priority == 0
    assert line.count(Escalation) == 1
    with line.db.reading() as session:
        (message,) = session.exec(select(InboundMessage)).all()
        case = session.exec(select(Escalation)).one()
        assert message.passive_sealed is None
        assert said.escalation_id == case.id


async def test_the_safety_text_of_an_sms_names_no_number_of_the_clinic(
    line: Line, vault: Vault
) -> None:
    await line.push(a_text("胸口像石头压着，出冷汗"))
    (said,) = outbound_rows(line.db)
    text = outbound.text_of(vault, said)
    assert "120" in text
    assert "0871" not in text


# --- R, TD, 退订 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["R", "r", " ｒ ", "TD", "td", "退订", "拒收", "退订。", "ＴＤ"])
async def test_a_word_that_everybody_knows_stops_what_we_start_at_once(
    line: Line, vault: Vault, word: str
) -> None:
    assert (await line.push(a_text(word))).status_code == 200
    contact = line.contact()
    assert contact.stopped_at is not None
    assert contact.wake_at is None
    (said,) = outbound_rows(line.db)
    assert (said.purpose, said.text_key) == ("reply", "stop.done")
    assert "恢复" in outbound.text_of(vault, said)


@pytest.mark.parametrize("word", ["T", "N", "取消", "对", "不", "R吗", "135/85"])
async def test_other_short_answers_stop_nothing_before_they_are_read(line: Line, word: str) -> None:
    await line.push(a_text(word))
    contact = line.contact()
    assert contact.stopped_at is None
    assert contact.wake_at is not None


async def test_who_stops_twice_is_told_once(line: Line) -> None:
    await line.push(a_text("TD", 1))
    await line.push(a_text("退订", 2))
    assert len(outbound_rows(line.db)) == 1


async def test_an_emergency_after_stopping_is_answered_and_escalated(line: Line) -> None:
    await line.push(a_text("R", 1))
    await line.push(a_text("胸口像石头压着，出冷汗", 2))
    assert [row.purpose for row in outbound_rows(line.db)] == ["reply", "safety"]
    assert line.count(Escalation) == 1


async def test_on_wechat_the_same_words_are_for_the_turn(
    sqlite_database: Database, reception: Reception, clock: MovingClock
) -> None:
    arrival = Arrival("wechat", "wx", "o-wang", "1", "text", clock.now, "退订")
    with sqlite_database.transaction() as session:
        reception.receive(session, arrival, clock.now)
    with sqlite_database.reading() as session:
        contact = session.exec(select(ContactPoint)).one()
    assert contact.stopped_at is None
    assert contact.wake_at is not None


# --- Knocking ---------------------------------------------------------------------------------------


def test_refusals_are_logged_until_there_are_too_many() -> None:
    at = [0.0]
    refusals = Refusals(most=3, seconds=60, tick=lambda: at[0])
    assert [refusals.too_many() for _ in range(5)] == [False, False, False, True, True]
    at[0] = 61.0
    assert not refusals.too_many()


async def test_knocking_never_shuts_the_door_to_the_provider(line: Line) -> None:
    for _ in range(40):
        assert (await line.push(path="/sms/plain/wrong")).status_code == 404
    assert (await line.push(a_text("血压 128/76"))).status_code == 200
    assert line.count() == 1


class _Slow:
    async def stream(self) -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(5)


async def test_a_body_that_never_ends_is_given_up() -> None:
    assert await reading.read_body(cast("Request", _Slow()), seconds=0.01) is None
