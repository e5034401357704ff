"""Doctors are rung at addresses of their own: signed, answered, hanging, broken, not allowed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import pytest
from sqlmodel import Session, select

from channels import notice
from channels.delivery import Limits, Routes, deliver_due
from channels.notice import SIGNATURE_HEADER, NoticeChannel
from records import bells, outbound
from records.db import Database
from records.identity import new_id
from records.outbound import Draft
from records.tables import DeliveryAttempt, Facility, NoticeAddress, OutboundMessage, Practitioner
from records.vault import Vault

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REFUSED = b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"errcode":40001}'
BUSY = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
GARBAGE = b"\x00\xff this is not HTTP at all\r\n\r\n"
ENDLESS = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n"
)


@dataclass
class Receiver:
    """A real server on this machine that answers whatever it is told to."""

    answer: bytes = OK
    hangs: bool = False
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        known = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(known.get("content-length", 0)))
        self.requests.append((known, body))
        if self.hangs:
            await asyncio.sleep(0.5)
        writer.write(self.answer)
        if self.answer == ENDLESS:
            writer.write(ENDLESS[ENDLESS.index(b"1000\r\n") :] * 20)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()


@dataclass
class Ringing:
    """One doctor with a webhook of his own, and a notice on its way."""

    database: Database
    vault: Vault
    now: datetime
    receiver: Receiver
    http: httpx.AsyncClient
    allowed: bool = True
    doctor: str = ""
    secret: str = ""

    def begin(self) -> None:
        with self.database.transaction() as session:
            place = Facility(id=new_id(), kind="village_clinic", name="上塘村", path="v/")
            session.add(place)
            session.flush()
            row = Practitioner(
                facility_id=place.id,
                role="village_doctor",
                login="d",
                password_hash="x",
                created_at=self.now,
            )
            row.name_sealed = self.vault.seal("李建国", "practitioners.name", row.id)
            session.add(row)
            session.flush()
            self.doctor = row.id
            self.secret = bells.set_webhook(
                session, self.vault, row.id, self.receiver.url, self.now
            ).secret
            self.queue(session)

    def queue(self, session: Session) -> None:
        draft = Draft(
            purpose=outbound.NOTICE,
            text_key="notice.emergency",
            body="紧急：编号4821",
            send_key=f"ring:{new_id()}",
            practitioner_id=self.doctor,
            expires_at=self.now + timedelta(hours=12),
        )
        assert outbound.queue(session, self.vault, draft, self.now)

    async def deliver(self) -> OutboundMessage:
        channel = NoticeChannel(
            self.http, allowed=lambda _: self.allowed, reply_at="https://inbox.test"
        )
        routes = Routes({}, channel)
        await deliver_due(self.database, self.vault, routes, self.now, limits=Limits())
        with self.database.reading() as session:
            return session.exec(select(OutboundMessage)).one()

    def tries(self) -> int:
        with self.database.reading() as session:
            return len(session.exec(select(DeliveryAttempt)).all())


@pytest.fixture
async def ringing(
    sqlite_database: Database, vault: Vault, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Ringing]:
    monkeypatch.setattr(notice, "CALL_SECONDS", 0.3)
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server, httpx.AsyncClient(trust_env=False) as http:
        one = Ringing(sqlite_database, vault, now, receiver, http)
        one.begin()
        yield one
        # Whoever still hangs is let go, so that no socket outlives its test.
        await asyncio.sleep(0.6 if receiver.hangs else 0)


async def test_a_doctor_is_rung_at_his_own_address_and_can_check_who_rang(
    ringing: Ringing,
) -> None:
    assert (await ringing.deliver()).state == "accepted"
    ((headers, body),) = ringing.receiver.requests
    told = json.loads(body)
    assert told["text"] == "紧急：编号4821"
    assert told["reply_url"] == "https://inbox.test/notices/replies"
    assert told["url"].endswith(told["reply_token"])
    at, _, digest = headers[SIGNATURE_HEADER.lower()].removeprefix("t=").partition(",v1=")
    signed = hmac.new(ringing.secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    assert digest == signed.hexdigest()
    assert int(at) == int(ringing.now.timestamp())


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (BUSY, "queued"),
        (REFUSED, "never"),
        (GONE, "never"),
        (GARBAGE, "queued"),
        (ENDLESS, "accepted"),
    ],
)
async def test_whatever_the_receiver_answers_has_an_end(
    ringing: Ringing, answer: bytes, state: str
) -> None:
    ringing.receiver.answer = answer
    assert (await ringing.deliver()).state == state


async def test_a_receiver_that_hangs_is_rung_again_and_then_given_up(ringing: Ringing) -> None:
    ringing.receiver.hangs = True
    states = []
    for _ in range(4):
        states.append((await ringing.deliver()).state)
        ringing.now += timedelta(minutes=10)
    assert states == ["queued", "queued", "unknown", "unknown"]
    assert ringing.tries() == Limits().unknown_safety_tries


async def test_a_broken_receiver_is_tried_a_few_times(ringing: Ringing) -> None:
    ringing.receiver.answer = BUSY
    ends = []
    for _ in range(6):
        row = await ringing.deliver()
        ends.append((row.state, row.reason))
        ringing.now += timedelta(minutes=10)
    assert ends[0][0] == "queued"
    assert ends[-1] == ("never", "gave_up_webhook_busy")


async def test_a_host_that_is_not_allowed_is_never_called(ringing: Ringing) -> None:
    ringing.allowed = False
    row = await ringing.deliver()
    assert (row.state, row.reason) == ("never", "host_not_allowed")
    assert ringing.receiver.requests == []


async def test_the_address_and_its_secret_are_sealed(ringing: Ringing) -> None:
    with ringing.database.reading() as session:
        row = session.exec(select(NoticeAddress)).one()
    assert ringing.secret.encode() not in (row.address_sealed or b"")
    assert b"127.0.0.1" not in (row.address_sealed or b"")


def test_a_new_address_takes_the_place_of_the_old_and_may_be_given_up(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        place = Facility(id=new_id(), kind="village_clinic", name="村", path="v/")
        session.add(place)
        session.flush()
        who = Practitioner(
            facility_id=place.id,
            role="village_doctor",
            login="d",
            password_hash="x",
            created_at=now,
        )
        session.add(who)
        session.flush()
        assert bells.bell_of(session, vault, who.id) is None
        assert bells.has_own(session, vault, who.id) == ""
        first = bells.set_webhook(session, vault, who.id, "https://a.test/1", now)
        second = bells.set_webhook(session, vault, who.id, "https://b.test/2", now)
        assert first.secret != second.secret
        assert bells.bell_of(session, vault, who.id) == second
        assert bells.has_own(session, vault, who.id) == "https://b.test/2"
        assert bells.silence(session, who.id, now)
        assert not bells.silence(session, who.id, now)
        assert bells.bell_of(session, vault, who.id) is None
        bells.forget(session, who.id)
        assert session.exec(select(NoticeAddress)).all() == []
