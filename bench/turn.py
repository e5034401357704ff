"""CPU of one full turn (load, decide, commit) beside LangGraph's and SQLModel's own price."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from sqlmodel import Session, col, select

from agent.loading import Tools
from agent.turn import take_turn
from bench.figure import Figure
from bench.messages import conversations
from bench.service import Service
from care.situation import Programme
from channels.reception import Reception
from knowledge.answer import UNKNOWN, Answer
from records import people
from records.db import Database
from records.identity import new_id
from records.messages import Arrival
from records.people import Registration
from records.tables import AuditEvent, ContactPoint, InboundMessage, StoredReading
from records.vault import Vault
from suifang.installation import watch

TURNS, WARM_UP = 300, 60
BAR_MS, AIM_MS = 8.0, 4.0
# What the floor cost on the machine for which the bar was set.
USUAL_FLOOR_MS = 4.4
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Nothing:
    """Retrieval is measured elsewhere."""

    def answer(self, question: str, **_: object) -> Answer:
        return UNKNOWN


class _State(TypedDict, total=False):
    step: int


def measure() -> list[Figure]:
    """The floor before and after, and the lower one counts."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder), "http://127.0.0.1:9")
        service.prepare()
        with service.database() as database:
            town = Town(database, service.vault)
            town.settle()
            before = _floor(town)
            turn = town.turns()
            after = _floor(town)
    floor = min(before, after)
    usual = turn / floor * USUAL_FLOOR_MS
    note = f"{usual:.1f} ms where the floor is {USUAL_FLOOR_MS:g}; aim {AIM_MS:g}"
    return [
        Figure("floor: LangGraph 5 nodes + 3 reads + 6 inserts, CPU", floor, "ms"),
        Figure("full turn, CPU", turn, "ms", floor=floor, bar=BAR_MS, note=note),
    ]


@dataclass
class Town:
    """Registered people who have written before, and one who waits for each turn."""

    database: Database
    vault: Vault

    def settle(self) -> None:
        """Register everybody and let everybody write once."""
        for number, (openid, text) in enumerate(conversations(TURNS + WARM_UP, TURNS + WARM_UP)):
            with self.database.transaction() as session:
                person = people.register(session, self.vault, _registration(session, number), NOW)
                contact = self._write(session, openid, text, NOW)
                people.link(session, person.id, contact, NOW)
        self._drain(NOW)

    def turns(self) -> float:
        """Milliseconds of CPU for one turn."""
        later = NOW + timedelta(hours=2)
        for openid, text in conversations(TURNS + WARM_UP, TURNS + WARM_UP):
            with self.database.transaction() as session:
                self._write(session, openid, text, later)
        tools, clock = self._tools(), lambda: later
        for _ in range(WARM_UP):
            take_turn(self.database, tools, clock)
        return cpu_ms(lambda: take_turn(self.database, tools, clock), TURNS)

    def _write(self, session: Session, openid: str, text: str, now: datetime) -> str:
        arrival = Arrival("wechat", "bench", openid, new_id(), "text", now, text)
        reception = Reception(self.vault, watch, settle=timedelta(0))
        return reception.receive(session, arrival, now).contact_point_id

    def _drain(self, now: datetime) -> None:
        while take_turn(self.database, self._tools(), lambda: now):
            pass

    def _tools(self) -> Tools:
        return Tools(self.vault, Nothing())


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """Milliseconds of this process's CPU for one piece of work."""
    gc.collect()
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1000


def _registration(session: Session, number: int) -> Registration:
    programme = list(Programme)[number % 2]
    return Registration(
        name=f"村民{number:04d}",
        facility_id=people.default_facility(session, "bench") or "",
        born_on=date(1950 + number % 30, 1 + number % 12, 1),
        programmes=(programme,),
    )


def _floor(town: Town) -> float:
    graph = _trivial_graph()
    with town.database.reading() as session:
        contact = session.exec(select(ContactPoint)).first()
        message = session.exec(select(InboundMessage)).first()
    assert contact is not None
    assert message is not None

    def once() -> None:
        graph.invoke({"step": 0})
        with town.database.transaction() as session:
            _reads_and_inserts(session, contact.id, message.id)

    for _ in range(WARM_UP):
        once()
    return cpu_ms(once, TURNS)


def _trivial_graph() -> Any:
    graph = StateGraph(_State)
    names = [f"n{number}" for number in range(5)]
    for name in names:
        graph.add_node(name, lambda state: {"step": state["step"] + 1})
    for before, after in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(before, after)
    return graph.compile()


def _reads_and_inserts(session: Session, contact_id: str, message_id: str) -> None:
    session.get_one(ContactPoint, contact_id)
    session.exec(select(InboundMessage).where(InboundMessage.id == message_id)).one()
    session.exec(
        select(StoredReading).where(col(StoredReading.person_id) == contact_id).limit(20)
    ).all()
    for number in range(6):
        session.add(
            AuditEvent(
                at=NOW,
                actor="bench",
                action="floor",
                subject="message",
                subject_id=message_id,
                detail={"number": number},
            )
        )
        session.flush()
