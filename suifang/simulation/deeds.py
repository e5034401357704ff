"""What the county's doctors do, through the functions behind the inbox's buttons. Taps are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, select

from records import casework, duties, escalations
from records.db import Database
from records.identity import new_id
from records.reader import Reader
from records.tables import Escalation
from records.vault import Vault
from simulator.county.happening import Changed, Deed
from simulator.county.world import World
from suifang.simulation.settling import Settled

# How many taps a deed costs on the pages as they are: open it, do it.
TAPS = {"acknowledge": 2, "reply": 3, "close": 2, "call": 2, "task": 1, "change": 3, "away": 2}


@dataclass
class Deeds:
    """Doctors at work."""

    database: Database
    vault: Vault
    world: World
    settled: Settled
    taps: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    def do(self, deed: Deed) -> None:
        """One deed of one doctor."""
        reader = self.settled.doctors[deed.doctor]
        with self.database.transaction() as session:
            if deed.kind == "rounds":
                self._rounds(session, reader, deed)
            elif deed.kind == "away":
                self._away(session, reader, deed)
            else:
                self._on_case(session, reader, deed)

    def change(self, changed: Changed) -> None:
        """The village doctor enters that somebody died, moved or left for work."""

    def _on_case(self, session: Session, reader: Reader, deed: Deed) -> None:
        case = _case_of(session, deed.code)
        if case is None:
            return
        acted: casework.Acted | None
        if deed.kind == "acknowledge":
            acted = casework.acknowledge(session, self.vault, reader, case, deed.at)
        elif deed.kind == "reply":
            acted = casework.reply(
                session, self.vault, reader, case, text=deed.words, once=new_id(), now=deed.at
            )
        else:
            acted = casework.close(
                session, self.vault, reader, case, outcome=deed.outcome, remark="", now=deed.at
            )
        if acted is not None and acted.done:
            self._count(deed.doctor, deed.kind)

    def _rounds(self, session: Session, reader: Reader, deed: Deed) -> None:
        """Work off the list of the morning: phone whom to phone, close what is read."""
        if not deed.doctor.startswith("village"):
            return
        for job in duties.open_tasks(session, self.vault, reader):
            if job.due_on is not None and job.due_on > deed.at.date():
                continue
            villager = self.settled.villager_of(job.person_id)
            if job.kind == "call" and villager is not None:
                outcome = "reached" if self.world.call(villager) else "no_answer"
                self._finish(session, reader, job.id, outcome, deed.at)
                self._count(deed.doctor, "call")
            else:
                self._finish(session, reader, job.id, "done", deed.at)
                self._count(deed.doctor, "task")

    def _finish(
        self, session: Session, reader: Reader, task_id: str, outcome: str, now: datetime
    ) -> None:
        duties.finish_task(session, self.vault, reader, task_id, outcome=outcome, now=now)

    def _away(self, session: Session, reader: Reader, deed: Deed) -> None:
        """Enter an absence."""

    def _count(self, doctor: str, what: str) -> None:
        self.taps[doctor] += TAPS[what]
        self.done[what] += 1


def _case_of(session: Session, code: str) -> str | None:
    rows = session.exec(select(Escalation.id).where(Escalation.state != "closed")).all()
    return next((row for row in rows if escalations.code_of(row) == code), None)
