"""`suifang say`: a conversation at the terminal, through the same rows as a live one.

It runs in a database of its own that is thrown away, so that it can be tried beside a live worker.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from agent.context import Answers, Model
from agent.loading import Tools
from agent.turn import take_turn
from care.situation import Programme
from channels.console import CHANNEL, ConsoleChannel
from channels.delivery import Routes, deliver_due
from channels.reception import Reception
from records import migrations, people
from records.db import Database
from records.identity import new_id
from records.messages import Arrival, accept
from records.people import Registration
from records.tables import Facility
from records.vault import Vault
from suifang import installation

_ADDRESS = "terminal"
_NO_WAIT = timedelta(0)
_DELIVERIES = 20


@dataclass(frozen=True, slots=True)
class Speaker:
    """The throw-away patient at the terminal."""

    age: int | None = None
    programmes: tuple[Programme, ...] = ()
    pregnant: bool = False


class Conversation:
    """One throw-away patient talking. `write` shows what the patient would get."""

    def __init__(
        self,
        folder: Path,
        answers: Answers,
        model: Model | None,
        clock: Callable[[], datetime],
        write: Callable[[str], None],
    ) -> None:
        self._database = Database(f"sqlite:///{folder / 'say.db'}")
        migrations.upgrade(self._database)
        vault = Vault(os.urandom(32), os.urandom(32))
        self._tools = Tools(vault, answers, model)
        self._clock, self._write = clock, write
        self._reception = Reception(vault, installation.watch, settle=_NO_WAIT)

    def introduce(self, speaker: Speaker) -> None:
        """Register the patient behind this terminal."""
        now = self._clock()
        vault = self._tools.vault
        with self._database.transaction() as session:
            clinic = Facility(id=new_id(), kind="village_clinic", name="村卫生室", path="")
            clinic.path = f"{clinic.id}/"
            session.add(clinic)
            session.flush()
            person = people.register(session, vault, _registration(speaker, clinic, now), now)
            accepted = accept(session, vault, self._arrival("", now, "event"), now, wake_at=now)
            people.link(session, person.id, accepted.contact_point_id, now)

    def hear(self, text: str) -> None:
        """Say one thing and show what comes back."""
        now = self._clock()
        with self._database.transaction() as session:
            accepted = self._reception.receive(session, self._arrival(text, now, "text"), now)
        if accepted.passive:
            self._write(accepted.passive)
        while take_turn(self._database, self._tools, self._clock):
            pass
        asyncio.run(self._deliver())

    def close(self) -> None:
        self._database.dispose()

    async def _deliver(self) -> None:
        routes = Routes({(CHANNEL, CHANNEL): ConsoleChannel(self._write)})
        await deliver_due(
            self._database, self._tools.vault, routes, self._clock(), limit=_DELIVERIES
        )

    def _arrival(self, text: str, now: datetime, kind: str) -> Arrival:
        return Arrival(
            channel=CHANNEL,
            account=CHANNEL,
            address=_ADDRESS,
            external_id=new_id(),
            kind=kind,
            text=text,
            sent_at=now,
            waits=kind == "text",
        )


def converse(
    lines: Iterable[str],
    speaker: Speaker,
    answers: Answers,
    model: Model | None,
    clock: Callable[[], datetime],
    write: Callable[[str], None],
) -> None:
    """Say each line in turn."""
    with tempfile.TemporaryDirectory(prefix="suifang-say-") as folder:
        conversation = Conversation(Path(folder), answers, model, clock, write)
        try:
            conversation.introduce(speaker)
            for line in lines:
                conversation.hear(line)
        finally:
            conversation.close()


def _registration(speaker: Speaker, clinic: Facility, now: datetime) -> Registration:
    today = people.china_date(now)
    born = None if speaker.age is None else date(today.year - speaker.age, 1, 1)
    return Registration(
        name="试用者",
        facility_id=clinic.id,
        born_on=born,
        pregnant=speaker.pregnant,
        programmes=speaker.programmes,
    )
