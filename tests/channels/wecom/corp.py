"""A corporation with our application: the simulator and our callback, each on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
from fastapi import FastAPI
from sqlmodel import Session

from care.level import Level
from channels.port import Letter, Ring
from channels.wecom.account import WeComAccount
from channels.wecom.client import WeComClient
from channels.wecom.token import TokenKeeper
from channels.wecom.webhook import Callback, router
from records import identities, outbound
from records.db import Database
from records.escalations import raise_alarm
from records.identities import WECOM, Subject
from records.identity import new_id
from records.outbound import Draft
from records.tables import Facility, Person, Practitioner
from records.vault import Vault
from simulator.wecom import WeCom, WeComSettings, create_wecom
from tests.channels.world import MovingClock, a_port, on_loopback

CORP, AGENT, SECRET = "ww5823bf96d3bd56c7", 1000002, "wecom-secret"
TOKEN, KEY = "wecom-token", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
LI, ZHOU = "LiJianGuo", "zhou"


@dataclass
class Corp:
    """The platform, our side of it, and one doctor."""

    db: Database
    vault: Vault
    clock: MovingClock
    wecom: WeCom
    client: WeComClient
    callback_url: str
    doctor: str = ""
    facility: str = ""

    def a_doctor(self, *, bound: bool = True) -> str:
        with self.db.transaction() as session:
            place = Facility(id=new_id(), kind="village_clinic", name="上塘村", path=f"{new_id()}/")
            session.add(place)
            session.flush()
            row = Practitioner(
                facility_id=place.id,
                role="village_doctor",
                login=new_id(),
                password_hash="x",
                created_at=self.clock.now,
            )
            row.name_sealed = self.vault.seal("李建国", "practitioners.name", row.id)
            session.add(row)
            session.flush()
            self.doctor, self.facility = row.id, place.id
            if bound:
                identities.bind(
                    session, self.vault, row.id, Subject(WECOM, CORP, LI), self.clock.now
                )
            return row.id

    def rung(self) -> str:
        """An alarm that the doctor was rung for; its id."""
        with self.db.transaction() as session:
            return self._alarm(session)

    def _alarm(self, session: Session) -> str:
        now = self.clock.now
        person = Person(id=new_id(), facility_id=self.facility, registered_at=now)
        person.name_sealed = self.vault.seal("王秀英", "persons.name", person.id)
        session.add(person)
        session.flush()
        alarm = raise_alarm(
            session,
            person_id=person.id,
            contact_point_id=None,
            facility_id=self.facility,
            level=Level.EMERGENCY,
            reasons=("stroke",),
            now=now,
            rings_at=now + timedelta(minutes=10),
        )
        draft = Draft(
            purpose=outbound.NOTICE,
            text_key="notice.emergency",
            body="紧急：上塘村有姓王的居民要马上联系。",
            send_key=f"ring:{new_id()}",
            practitioner_id=self.doctor,
            escalation_id=alarm.escalation.id,
            expires_at=now + timedelta(hours=12),
        )
        assert outbound.queue(session, self.vault, draft, now)
        return alarm.escalation.id

    def letter(self, address: str = LI, **changes: object) -> Letter:
        values: dict[str, object] = {
            "message_id": "m-1",
            "address": address,
            "body": "紧急：上塘村有姓王的居民要马上联系，编号4821。请马上打开工作台，或回“收到”。",
            "send_key": "ring:1",
            "ring": Ring("m-1.token"),
        }
        return Letter(**{**values, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def a_corp(db: Database, vault: Vault, clock: MovingClock) -> AsyncIterator[Corp]:
    ours, our_url = a_port()
    theirs, their_url = a_port()
    settings = WeComSettings(
        CORP,
        AGENT,
        SECRET,
        TOKEN,
        KEY,
        members={LI: "李建国", ZHOU: "周敏", "gone": "不在范围"},
        invisible=frozenset({"gone"}),
        callback_url=f"{our_url}/wecom",
        trusted="inbox.test",
    )
    simulator = create_wecom(settings, clock=clock)
    account = WeComAccount(CORP, AGENT, SECRET, TOKEN, KEY, their_url, "https://inbox.test")
    product = FastAPI()
    product.include_router(router(Callback(account, db, vault, clock)))
    async with (
        on_loopback((product, ours), (simulator, theirs)),
        httpx.AsyncClient(trust_env=False) as http,
    ):
        client = WeComClient(account, http, TokenKeeper(account, http, db, vault))
        yield Corp(db, vault, clock, simulator.state.wecom, client, f"{our_url}/wecom")
