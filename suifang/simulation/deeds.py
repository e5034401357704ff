"""What the county's doctors do, through the functions behind the inbox's buttons. Taps are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, select

from care.form import Mode
from care.reading import GlucoseContext, Kind, Reading
from records import casework, duties, escalations, forms, life, roster, signing
from records.db import Database
from records.identity import new_id
from records.life import Wish
from records.reader import Reader
from records.roster import Leave
from records.tables import Escalation
from records.vault import Vault
from simulator.county.body import Measured
from simulator.county.happening import Changed, Deed
from simulator.county.world import World
from suifang.seed.bedside import hold_visit, sign_draft
from suifang.simulation.settling import Settled

# What each deed costs on the pages, taps and fields: `scripts/ten_tasks.py` and the journeys count them.
TAPS = {
    "acknowledge": 2,
    "reply": 2,
    "close": 2,
    "call": 1,
    "visit": 7,
    "task": 1,
    "batch": 1,
    "sign": 2,
    "change": 2,
    "away": 2,
}


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
        villager = self.world.villagers[changed.villager]
        doctor = f"village{villager.village}"
        wish = Wish(changed.status, on=changed.since, until=changed.until)
        with self.database.transaction() as session:
            done = life.change(
                session,
                self.vault,
                self.settled.doctors[doctor],
                self.settled.people[changed.villager],
                wish,
                changed.at,
            )
        if done is not None and done.done:
            self._count(doctor, "change")

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
        self._sign(session, reader, deed)
        for job in duties.open_tasks(session, self.vault, reader):
            if job.due_on is not None and job.due_on > deed.at.date():
                continue
            villager = self.settled.villager_of(job.person_id)
            if job.kind == "call" and villager is not None:
                self._phone(session, reader, job.id, villager, deed)
            else:
                self._finish(session, reader, job.id, "done", deed.at)
                self._count(deed.doctor, "task")

    def _sign(self, session: Session, reader: Reader, deed: Deed) -> None:
        """The ordinary drafts with one button, the others one by one."""
        waiting = forms.drafts(session, self.vault, reader, deed.at)
        batch = signing.sign_many(
            session, self.vault, reader, [sheet.id for sheet in waiting], deed.at
        )
        if batch.signed:
            self._count(deed.doctor, "batch")
            self.done["sign"] += len(batch.signed)
        for left in batch.left:
            if sign_draft(session, self.vault, reader, left.sheet.id, deed.at):
                self._count(deed.doctor, "sign")

    def _phone(
        self, session: Session, reader: Reader, task_id: str, villager: int, deed: Deed
    ) -> None:
        """Whoever picks up is asked on the spot, and the form is written down."""
        self._count(deed.doctor, "call")
        if villager in self.world.gone or not self.world.call(villager):
            self._finish(session, reader, task_id, "no_answer", deed.at)
            return
        done = hold_visit(
            session,
            self.vault,
            reader,
            self.settled.people[villager],
            [_as_reading(one) for one in self.world.measured(villager, deed.at)],
            once=task_id,
            now=deed.at,
            mode=Mode.PHONE,
        )
        self._finish(session, reader, task_id, "reached", deed.at)
        if done:
            self._count(deed.doctor, "visit")

    def _finish(
        self, session: Session, reader: Reader, task_id: str, outcome: str, now: datetime
    ) -> None:
        duties.finish_task(session, self.vault, reader, task_id, outcome=outcome, now=now)

    def _away(self, session: Session, reader: Reader, deed: Deed) -> None:
        """Enter an absence; alarms that rang only here move on."""
        if deed.until is not None:
            leave = Leave(deed.at.date(), deed.until, "ill")
            roster.go_away(session, reader, leave, deed.at)
            self._count(deed.doctor, "away")

    def _count(self, doctor: str, what: str) -> None:
        self.taps[doctor] += TAPS[what]
        self.done[what] += 1


def _case_of(session: Session, code: str) -> str | None:
    rows = session.exec(select(Escalation.id).where(Escalation.state != "closed")).all()
    return next((row for row in rows if escalations.code_of(row) == code), None)


def _as_reading(measured: Measured) -> Reading:
    if measured.kind == "bp":
        return Reading(Kind.BP, systolic=measured.systolic, diastolic=measured.diastolic)
    return Reading(Kind.GLUCOSE, value=measured.value, context=GlucoseContext.FASTING)
